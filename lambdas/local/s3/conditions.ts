import { S3Error } from './errors.ts';
import type { ObjectFacts } from './records.ts';
import type { S3Request } from './request.ts';

type Headers = S3Request['headers'];

const names = (list: string, etag: string): boolean =>
  list.split(',').some((each) => ['*', etag, `"${etag}"`, `W/"${etag}"`].includes(each.trim()));

const failed = (condition: string): S3Error =>
  new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    Condition: condition,
  });

/** Headers tell whole seconds. */
const since = (text: string | undefined, modified: Date): number | undefined => {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : Math.floor(modified.getTime() / 1000) - Math.floor(time / 1000);
};

/**
 * Judges the conditions of GET, HEAD and of a copy's source:
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2.
 * @param before what the names of the headers begin with
 * @throws S3Error PreconditionFailed, or NotModified, which is PreconditionFailed for a copy
 */
export function checkRead(headers: Headers, { etag, modified }: ObjectFacts, before = ''): void {
  const given = (name: string): string | undefined => headers[`${before}${name}`];
  const [match, noneMatch] = [given('if-match'), given('if-none-match')];
  if (match !== undefined) {
    if (!names(match, etag)) throw failed('If-Match');
  } else if ((since(given('if-unmodified-since'), modified) ?? 0) > 0) throw failed('If-Unmodified-Since');
  const unchanged =
    noneMatch === undefined
      ? (since(given('if-modified-since'), modified) ?? 1) <= 0
      : names(noneMatch, etag);
  if (!unchanged) return;
  if (before !== '') throw failed('If-None-Match');
  throw new S3Error('NotModified', 'Not Modified', { ETag: `"${etag}"` });
}

/** Judges the conditions of a write, against what has the key now. */
export const checkWrite =
  (headers: Headers) =>
  (present: ObjectFacts | undefined): void => {
    const [match, noneMatch] = [headers['if-match'], headers['if-none-match']];
    if (noneMatch !== undefined && noneMatch !== '*')
      throw new S3Error('NotImplemented', 'If-None-Match of a write may only be *.');
    if (noneMatch === '*' && present !== undefined) throw failed('If-None-Match');
    if (match === undefined) return;
    if (present === undefined) throw new S3Error('NoSuchKey', 'The specified key does not exist.');
    if (!names(match, present.etag)) throw failed('If-Match');
  };

/** Bytes from `from` to `to`, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * @returns undefined for the whole object: S3 ignores what is no range, and several of them
 * @throws S3Error InvalidRange
 */
export function rangeOf(text: string | undefined, size: number): Range | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (from >= size || (first === '' && Number(last) === 0))
    throw new S3Error('InvalidRange', 'The requested range is not satisfiable', {
      ActualObjectSize: String(size),
      RangeRequested: text ?? '',
    });
  return { from, to };
}
