/**
 * The vocabulary in which `shapes.ts` describes the wire. It is data: the parser, the validator, the
 * serialiser, the routes in the template, the OpenAPI document and the SDK service model are all derived from
 * it, so a fact about a member is typed once.
 */
export type Shape =
  | {
      readonly type: 'string';
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: string;
      readonly flags?: 'u';
      readonly enum?: readonly string[];
    }
  | { readonly type: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly type: 'float' | 'double' | 'boolean' | 'timestamp' }
  | { readonly type: 'blob'; readonly min?: number; readonly max?: number }
  | { readonly type: 'list'; readonly of: string; readonly min?: number; readonly max?: number }
  | {
      readonly type: 'structure';
      readonly members: Readonly<Record<string, Member>>;
      /** Exactly one of these groups of members must be given, and given whole. */
      readonly oneOf?: readonly (readonly string[])[];
      /** The first of these two numbers must not be less than the second, where both are given. */
      readonly notBelow?: readonly [member: string, bound: string];
    };

export interface Member {
  readonly shape: string;
  readonly required?: true;
  /** Where the member travels; in the JSON body unless said otherwise. `raw` is the whole body, undecoded. */
  readonly in?: 'path' | 'query' | 'header' | 'raw';
  /** Its name on the wire, where that differs from the member's own. */
  readonly as?: string;
}
