/**
 * Figures of merit. An anomaly is the positive kind; all figures lie between 0 and 1, and 0 stands for what
 * is not defined.
 */

export interface Figures {
  readonly rocAuc: number;
  readonly averagePrecision: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1Score: number;
}

export interface ClassFigures {
  readonly className: string;
  readonly precision: number;
  readonly recall: number;
  readonly f1Score: number;
  /** Intersection over union. */
  readonly iou: number;
}

/**
 * @param scores 0 to 1 per picture: how much of an anomaly it is
 * @param labels whether it is one
 * @param verdicts whether it was taken for one; from a score of 0.5 on, unless given
 */
export function evaluate(
  scores: readonly number[],
  labels: readonly boolean[],
  verdicts = scores.map((score) => score >= 0.5),
): Figures {
  const count = (isAnomaly: boolean, detected: boolean): number =>
    verdicts.filter((verdict, at) => labels[at] === isAnomaly && verdict === detected).length;
  const counted = ratios(count(true, true), count(false, true), count(true, false));
  return { rocAuc: rocAuc(scores, labels), averagePrecision: averagePrecision(scores, labels), ...counted };
}

/** Of patches or pixels of one class: found and there, found and not there, there and not found. */
export interface Counts {
  readonly hits: number;
  readonly strays: number;
  readonly misses: number;
}

export const classFigures = ({ hits, strays, misses }: Counts): Omit<ClassFigures, 'className'> => ({
  ...ratios(hits, strays, misses),
  iou: ratio(hits, hits + strays + misses),
});

/** The chance that an anomaly scores above a normal picture; ties count half. */
function rocAuc(scores: readonly number[], labels: readonly boolean[]): number {
  const anomalies = scores.filter((_, at) => labels[at] === true);
  const normals = scores.filter((_, at) => labels[at] !== true);
  let wins = 0;
  for (const anomaly of anomalies)
    for (const normal of normals) wins += anomaly > normal ? 1 : anomaly === normal ? 0.5 : 0;
  return ratio(wins, anomalies.length * normals.length);
}

/** The mean of the precision at each step of recall; equal scores are one step. */
function averagePrecision(scores: readonly number[], labels: readonly boolean[]): number {
  const anomalies = labels.filter(Boolean).length;
  let sum = 0;
  let above = 0;
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const hits = scores.filter((score, at) => score >= threshold && labels[at] === true).length;
    sum += ((hits - above) * hits) / scores.filter((score) => score >= threshold).length;
    above = hits;
  }
  return ratio(sum, anomalies);
}

const ratios = (
  hits: number,
  strays: number,
  misses: number,
): { precision: number; recall: number; f1Score: number } => ({
  precision: ratio(hits, hits + strays),
  recall: ratio(hits, hits + misses),
  f1Score: ratio(2 * hits, 2 * hits + strays + misses),
});
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
