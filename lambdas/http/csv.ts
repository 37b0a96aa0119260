import { shapeOf } from './decode.ts';

/**
 * A list of an output as CSV (RFC 4180): a column for each member of its items, in the contract's order, a
 * line for each item, an empty field for what an item has not.
 */
export function csvOf(
  output: string,
  list: string,
  items: readonly Readonly<Record<string, unknown>>[],
): string {
  const columns = columnsOf(output, list);
  const lines = items.map((item) => columns.map((column) => field(item[column])));
  return [columns, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function columnsOf(output: string, list: string): string[] {
  const shape = shapeOf(output);
  const items = shape.type === 'structure' ? shapeOf(shape.members[list]?.shape ?? '') : undefined;
  const item = items?.type === 'list' ? shapeOf(items.of) : undefined;
  if (item?.type !== 'structure') throw new Error(`${output}.${list} must be a list of structures.`);
  return Object.keys(item.members);
}

/**
 * A spreadsheet takes what begins with one of `=+-@` for a formula, and a text of somebody's must not be
 * one.
 */
function field(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
