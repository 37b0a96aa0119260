/** Counts of test pictures: anomalies found, normal pictures taken for anomalies, anomalies not found. */
export interface VerdictCounts {
  readonly hits: number;
  readonly strays: number;
  readonly misses: number;
  readonly normals: number;
  readonly anomalies: number;
}

/** What the pictures that were learnt from say of a model, each judged by heads that had not seen it. */
interface CrossValidation {
  readonly f1Score: number;
  readonly precision: number;
  readonly recall: number;
  readonly rocAuc: number;
  readonly images: number;
}

/** How far the figures of a training can be trusted. */
export interface Reliability {
  readonly counts: VerdictCounts;
  readonly crossValidation?: CrossValidation;
  /** Sentences of the trainer, for the user. */
  readonly notes?: readonly string[];
}

export function countVerdicts(
  verdicts: readonly { readonly isAnomaly: boolean; readonly isAnomalous: boolean }[],
): VerdictCounts {
  const count = (isAnomaly: boolean, isAnomalous: boolean): number =>
    verdicts.filter((each) => each.isAnomaly === isAnomaly && each.isAnomalous === isAnomalous).length;
  const [hits, strays, misses] = [count(true, true), count(false, true), count(true, false)];
  return { hits, strays, misses, normals: strays + count(false, false), anomalies: hits + misses };
}

/** The quantile of the normal distribution for 95 %. */
const deviations = 1.959964;

/**
 * The 95 % interval of an F1, by Wilson's score interval. F1 is 2J / (1 + J), where J is the share of hits
 * among the pictures that are anomalies or were taken for one: a share has an interval, and F1 grows with it.
 * Undefined without such pictures.
 */
export function f1Interval({
  hits,
  strays,
  misses,
}: Pick<VerdictCounts, 'hits' | 'strays' | 'misses'>): readonly [number, number] | undefined {
  const trials = hits + strays + misses;
  if (trials === 0) return undefined;
  const share = hits / trials;
  const square = deviations ** 2;
  const centre = share + square / (2 * trials);
  const reach = deviations * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials ** 2));
  const [low, high] = [-1, 1].map((sign) => {
    const bound = (centre + sign * reach) / (1 + square / trials);
    // Rounding would leave a hair to the ends.
    const clipped = bound > 1 - 1e-9 ? 1 : bound < 1e-9 ? 0 : bound;
    return (2 * clipped) / (1 + clipped);
  });
  return [low ?? 0, high ?? 1];
}

const shown = (value: number): string => value.toFixed(2);

/** What `StatusMessage` adds when a training has ended: what the F1 of `Performance` rests on. */
export function describeReliability(
  f1Score: number,
  { counts, crossValidation, notes = [] }: Reliability,
): string {
  const { normals, anomalies } = counts;
  const interval = f1Interval(counts);
  const measured =
    anomalies === 0 || interval === undefined
      ? `None of the ${normals} test images is an anomaly: F1, precision and recall say nothing.`
      : `F1 ${shown(f1Score)} is measured on ${normals + anomalies} test images, ${anomalies} of them ` +
        `anomalies: its 95 % interval is ${shown(interval[0])} to ${shown(interval[1])}.`;
  return [
    measured,
    ...(crossValidation === undefined
      ? []
      : [
          `Cross-validation on the ${crossValidation.images} images that were learnt from gives F1 ` +
            `${shown(crossValidation.f1Score)}.`,
        ]),
    'Types of anomaly that no image shows are not in these figures.',
    ...notes,
  ].join(' ');
}
