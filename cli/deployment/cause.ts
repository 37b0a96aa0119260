/** What happened: fetch hides it behind "fetch failed". */
export function causeOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: string; message?: string };
  return message === undefined || message === '' ? (code ?? String(cause)) : message;
}
