import type { PictureType, Verdict } from '../../domain/verdict.ts';

/** What a unit is asked, as JSON. */
export type UnitEvent =
  | { readonly kind: 'warmUp' }
  /** `picture` in base64. */
  | { readonly kind: 'judge'; readonly type: PictureType; readonly picture: string };

export type UnitAnswer =
  | { readonly kind: 'warm' }
  /** `mask` in base64. */
  | { readonly kind: 'verdict'; readonly verdict: Omit<Verdict, 'mask'> & { readonly mask?: string } }
  | { readonly kind: 'refused'; readonly rule: string };

/** What Lambda says of an invocation that did not return. (Lambda, "Function errors") */
export function errorOf(payload: Uint8Array | undefined): {
  readonly type: string;
  readonly message: string;
} {
  try {
    const { errorType = '', errorMessage = '' } = JSON.parse(Buffer.from(payload ?? []).toString()) as {
      readonly errorType?: string;
      readonly errorMessage?: string;
    };
    return { type: errorType, message: errorMessage };
  } catch {
    return { type: '', message: '' };
  }
}
