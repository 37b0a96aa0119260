import type { Synthesised } from '../../lib/template.ts';
import type { Resolver } from './template.ts';

/** What somebody wants to do, and the keys that conditions may ask for. */
export interface Wish {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\/]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

/**
 * The policies of a template's roles, held against what is done under them: as IAM does it, as far as these
 * policies go.
 */
export class Policies {
  readonly #statements = new Map<string, Statement[]>();
  readonly #resolver: Resolver;
  /** What was wished for and is in no policy. */
  readonly refused: string[] = [];

  constructor(stack: Synthesised, resolver: Resolver) {
    this.#resolver = resolver;
    for (const [, { Properties }] of stack.ofType('AWS::IAM::Policy')) {
      const { Roles, PolicyDocument } = Properties as unknown as {
        Roles: { Ref: string }[];
        PolicyDocument: { Statement: Statement[] };
      };
      for (const role of Roles) {
        const name = resolver.text(role);
        this.#statements.set(name, [...(this.#statements.get(name) ?? []), ...PolicyDocument.Statement]);
      }
    }
  }

  /** @returns whether the role may do all of it; what it may not is noted */
  allow(role: string, wishes: readonly Wish[]): boolean {
    const statements = this.#statements.get(role) ?? [];
    const says = (effect: Statement['Effect'], wish: Wish): boolean =>
      statements.some((each) => each.Effect === effect && this.#isAbout(each, wish));
    const refused = wishes.filter((wish) => !says('Allow', wish) || says('Deny', wish));
    this.refused.push(...refused.map(({ action, resource }) => `${role}: ${action} on ${resource}`));
    return refused.length === 0;
  }

  #isAbout(
    { Action, Resource, Condition = {} }: Statement,
    { action, resource, context = {} }: Wish,
  ): boolean {
    return (
      asList(Action).some((each) => matches(String(each), action)) &&
      asList(Resource).some((each) => matches(this.#resolver.text(each), resource)) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, value]) =>
          operator === 'Null' ? String(context[key] === undefined) === value : context[key] === value,
        ),
      )
    );
  }
}
