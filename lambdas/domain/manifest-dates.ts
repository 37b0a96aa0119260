/**
 * The forms of `creation-date` that real manifests hold: ISO 8601 with no, three or six fractional digits,
 * with or without a zone, and what JavaScript's `String(date)` gives. Dates without a zone are UTC.
 * @returns epoch milliseconds, or undefined for anything else: no line is refused for its date
 */
export function parseCreationDate(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const value = Date.parse(normalised(text.trim()));
  return Number.isNaN(value) ? undefined : value;
}

const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/i;

function normalised(text: string): string {
  const [whole, day, time = '', fraction = '0', zone = 'Z'] = iso.exec(text) ?? [];
  if (whole !== undefined) {
    const [, hours, minutes = '00'] = /^([+-]\d\d):?(\d\d)?$/.exec(zone) ?? [];
    const seconds = `${time.padEnd(8, ':00')}.${fraction.slice(0, 3).padEnd(3, '0')}`;
    return `${day ?? ''}T${seconds}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`;
  }
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return text;
  // Only the form with a weekday: Date.parse finds a date in almost anything.
  if (!/^[A-Z][a-z]{2},? /.test(text)) return 'none';
  return /GMT|UTC|[+-]\d{4}/.test(text) ? text : `${text} UTC`;
}
