/** What one look came to. `unknown`: it could not be looked at, which says nothing either way. */
type Outcome = 'ok' | 'warning' | 'failed' | 'unknown';

export interface Finding {
  /** What was looked at, in a word or two. */
  readonly subject: string;
  readonly outcome: Outcome;
  readonly saw: string;
  /** What to do about it, unless it is `ok`. */
  readonly remedy?: string;
}

export const ok = (subject: string, saw: string): Finding => ({ subject, outcome: 'ok', saw });
export const warning = (subject: string, saw: string, remedy: string): Finding => ({
  subject,
  outcome: 'warning',
  saw,
  remedy,
});
export const failed = (subject: string, saw: string, remedy: string): Finding => ({
  subject,
  outcome: 'failed',
  saw,
  remedy,
});

/** A look that was refused or not answered. @param right the permission that the look needs */
export function unknown(subject: string, error: unknown, right: string): Finding {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return {
    subject,
    outcome: 'unknown',
    saw: `could not be looked at: ${name}, ${message}`,
    remedy: `Allow ${right} to whoever runs this, or look yourself.`,
  };
}

export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');
