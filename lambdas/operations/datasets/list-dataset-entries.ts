import { parseEntry, type Entry } from '../../domain/manifest.ts';
import { fingerprint } from '../../domain/tokens.ts';
import type { Input } from '../../contract/operations.ts';
import type { Operation } from '../context.ts';
import { keyOf, requireDataset } from './describe-dataset.ts';
import { cursors, fullPage, readToken, writeToken } from '../paging.ts';

/**
 * With a filter, rows are read by so many at once; and after so many in all the page ends, full or not, so
 * that no call takes for ever.
 */
const filteredAtOnce = 1000;
const mostRead = 100_000;

/**
 * Lines by position. A page is read from where the one before ended, so each costs the same; filters apply
 * while reading, and pages are full, because most published scripts read one page only.
 */
export const ListDatasetEntries: Operation<'ListDatasetEntries'> = async (input, ctx) => {
  const key = keyOf(input);
  const { MaxResults = fullPage, NextToken, ...parameters } = input;
  // A digest: a filter may be as long as a token may be.
  const scope = ['ListDatasetEntries', fingerprint(parameters)];
  const after = Number(readToken(NextToken, scope, cursors.position) ?? 0);
  const { generation } = await requireDataset(ctx, key);
  if (generation === undefined) return { DatasetEntries: [] };

  const wanted = filterOf(input);
  const found: string[] = [];
  let last = after;
  let read = 0;
  for await (const { position, line } of ctx.store.entries.list(
    generation,
    after,
    wanted === undefined ? MaxResults + 1 : filteredAtOnce,
  )) {
    const matches = wanted === undefined || wanted(line);
    if ((matches && found.length === MaxResults) || read === mostRead)
      return { DatasetEntries: found, NextToken: writeToken(scope, String(last)) };
    if (matches) found.push(line);
    last = position;
    read += 1;
  }
  return { DatasetEntries: found };
};

type Filter = (entry: Entry) => boolean;

/**
 * All filters that were given must hold. Dates compare strictly; a line without one is neither before nor
 * after.
 */
function filterOf(input: Input<'ListDatasetEntries'>): ((line: string) => boolean) | undefined {
  const { Labeled, AnomalyClass, BeforeCreationDate, AfterCreationDate, SourceRefContains } = input;
  const filters: Filter[] = [];
  if (Labeled !== undefined) filters.push(({ label }) => (label !== undefined) === Labeled);
  if (AnomalyClass !== undefined) filters.push(({ label }) => label === AnomalyClass);
  if (BeforeCreationDate !== undefined)
    filters.push(({ createdAt }) => createdAt !== undefined && createdAt < BeforeCreationDate);
  if (AfterCreationDate !== undefined)
    filters.push(({ createdAt }) => createdAt !== undefined && createdAt > AfterCreationDate);
  if (SourceRefContains !== undefined) filters.push(({ sourceRef }) => sourceRef.includes(SourceRefContains));
  if (filters.length === 0) return undefined;
  return (line) => {
    const entry = parseEntry(line);
    return entry !== undefined && filters.every((holds) => holds(entry));
  };
}
