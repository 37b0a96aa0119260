/** Figures of merit. An anomaly is the positive kind; all figures lie between 0 and 1, and 0 stands for what is not defined. */

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

/** @param scores 0 to 1 per picture, an anomaly from 0.5 on */
export function evaluate(scores: readonly number[], labels: readonly boolean[]): Figures {
  const count = (isAnomaly: boolean, detected: boolean): number =>
    scores.filter((score, at) => labels[at] === isAnomaly && (score >= 0.5) === detected).length;
  return { rocAuc: rocAuc(scores, labels), averagePrecision: averagePrecision(scores, labels), ...ratios(count(true, true), count(false, true), count(true, false)) };
}

/**
 * Figures per class over the patches of all pictures together.
 * @param pairs per picture, what its patches are and what they were taken for: 0 background, else the class's number from 1 on
 */
export function evaluateClasses(pairs: readonly { readonly truth: Uint8Array; readonly found: Uint8Array }[], names: readonly string[]): ClassFigures[] {
  return names.map((className, index) => {
    let [hits, strays, misses] = [0, 0, 0];
    for (const { truth, found } of pairs) {
      truth.forEach((is, patch) => {
        const right = is === index + 1;
        const claimed = found[patch] === index + 1;
        if (right && claimed) hits++;
        else if (claimed) strays++;
        else if (right) misses++;
      });
    }
    return { className, ...ratios(hits, strays, misses), iou: ratio(hits, hits + strays + misses) };
  });
}

/** The chance that an anomaly scores above a normal picture; ties count half. */
function rocAuc(scores: readonly number[], labels: readonly boolean[]): number {
  const anomalies = scores.filter((_, at) => labels[at] === true);
  const normals = scores.filter((_, at) => labels[at] !== true);
  let wins = 0;
  for (const anomaly of anomalies) for (const normal of normals) wins += anomaly > normal ? 1 : anomaly === normal ? 0.5 : 0;
  return ratio(wins, anomalies.length * normals.length);
}

/** The mean of the precision at each step of recall; equal scores are one step. */
function averagePrecision(scores: readonly number[], labels: readonly boolean[]): number {
  const anomalies = labels.filter(Boolean).length;
  let sum = 0;
  let above = 0;
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const hits = scores.filter((score, at) => score >= threshold && labels[at] === true).length;
    sum += (hits - above) * hits / scores.filter((score) => score >= threshold).length;
    above = hits;
  }
  return ratio(sum, anomalies);
}

const ratios = (hits: number, strays: number, misses: number): { precision: number; recall: number; f1Score: number } =>
  ({ precision: ratio(hits, hits + strays), recall: ratio(hits, hits + misses), f1Score: ratio(2 * hits, 2 * hits + strays + misses) });
const ratio = (part: number, whole: number): number => whole === 0 ? 0 : part / whole;
