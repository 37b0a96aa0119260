/** Least, middle and most. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly against: Spread;
  /** Ours over the other's, the middle of the rounds'. */
  readonly ratio: number;
  readonly ratios: Spread;
  readonly goal: string;
  readonly met: boolean;
  /** What the figures don't tell. */
  readonly note?: string;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { min: at(0), median: at(0.5), max: at(1) };
}

export interface Pair {
  readonly name: string;
  readonly unit: string;
  readonly goal: string;
  /** @param ratio the middle one */
  readonly meets: (ratio: number, ours: Spread, against: Spread) => boolean;
  readonly note?: string;
}

/**
 * Measures two things turn by turn, so that whatever else the machine does hits both, and compares within
 * each turn: only ratios of one run say anything. The order changes with every turn, and the first turn is
 * not counted.
 */
export async function compare(
  pair: Pair,
  turns: number,
  ours: (turn: number) => Promise<number>,
  against: (turn: number) => Promise<number>,
): Promise<Result> {
  const figures: { readonly ours: number; readonly against: number }[] = [];
  for (let turn = 0; turn <= turns; turn += 1) {
    const [first, second] = turn % 2 === 0 ? [ours, against] : [against, ours];
    const one = await first(turn);
    const other = await second(turn);
    if (turn > 0)
      figures.push(turn % 2 === 0 ? { ours: one, against: other } : { ours: other, against: one });
  }
  return resultOf(pair, figures);
}

export function resultOf(
  { meets, ...pair }: Pair,
  figures: readonly { readonly ours: number; readonly against: number }[],
): Result {
  const ours = spread(figures.map((each) => each.ours));
  const against = spread(figures.map((each) => each.against));
  const ratios = spread(figures.map((each) => each.ours / each.against));
  return { ...pair, ours, against, ratio: ratios.median, ratios, met: meets(ratios.median, ours, against) };
}

/** The middle duration of so many calls one after the other, in milliseconds. */
export async function medianOf(calls: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    const from = performance.now();
    await call(index);
    taken.push(performance.now() - from);
  }
  return spread(taken).median;
}

export const atMost =
  (bound: number) =>
  (ratio: number): boolean =>
    ratio <= bound;

const shown = ({ min, median, max }: Spread): string =>
  [min, median, max].map((value) => value.toPrecision(3)).join(' / ');

export function table(results: readonly Result[]): string {
  const head = [
    'name',
    'unit',
    'ours: min / median / max',
    'against: min / median / max',
    'ratio: min / median / max',
    'goal',
    'met',
  ];
  const rows = results.map(({ name, unit, ours, against, ratios, goal, met }) => [
    name,
    unit,
    shown(ours),
    shown(against),
    shown(ratios),
    goal,
    met ? 'yes' : 'no',
  ]);
  const notes = results.flatMap(({ name, note }) => (note === undefined ? [] : [`- ${name}: ${note}`]));
  return (
    [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n') +
    (notes.length > 0 ? `\n\n${notes.join('\n')}` : '')
  );
}
