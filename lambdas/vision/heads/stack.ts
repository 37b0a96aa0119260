/** How the heads' scores become one: a logistic regression that may not turn a head against itself. */

export interface Stack {
  /** Of each head's score, none negative. */
  readonly weights: readonly number[];
  /** Places the decision boundary at a logit of 0. */
  readonly bias: number;
  /**
   * Where the novelty head's score, which is the first, makes an anomaly by itself, and the score's deviation
   * over normal pictures.
   */
  readonly alone?: { readonly threshold: number; readonly spread: number };
}

/** How strongly weights are drawn to being equal; with few pictures the free optimum is noise. */
const shrinkage = 0.05;

/**
 * Fits the weights on scores of pictures that the heads have not learnt from.
 * @param scores one list per picture, of one score per head
 * @param labels true for an anomaly; both kinds must be there
 */
export function fitStack(scores: readonly (readonly number[])[], labels: readonly boolean[]): Stack {
  const heads = scores[0]?.length ?? 0;
  const centres = Array.from({ length: heads }, (_, head) => mean(scores.map((line) => line[head] ?? 0)));
  const spreads = centres.map(
    (centre, head) => Math.sqrt(mean(scores.map((line) => ((line[head] ?? 0) - centre) ** 2))) || 1,
  );
  const rows = scores.map((line) =>
    line.map((score, head) => (score - (centres[head] ?? 0)) / (spreads[head] ?? 1)),
  );
  const anomalies = labels.filter(Boolean).length;
  const shares = labels.map((isAnomaly) => 0.5 / (isAnomaly ? anomalies : labels.length - anomalies));

  // Projected gradient descent: the loss is convex, and three weights need no cleverness.
  const weights = new Array<number>(heads).fill(1);
  let bias = 0;
  const rate = 0.5;
  for (let round = 0; round < 2000; round++) {
    const slopes = weights.map((weight) => shrinkage * (weight - 1));
    let biasSlope = 0;
    rows.forEach((row, at) => {
      const error = (sigmoid(weigh(weights, row) + bias) - (labels[at] === true ? 1 : 0)) * (shares[at] ?? 0);
      row.forEach((value, head) => {
        slopes[head] = (slopes[head] ?? 0) + error * value;
      });
      biasSlope += error;
    });
    slopes.forEach((slope, head) => {
      weights[head] = Math.max(0, (weights[head] ?? 0) - rate * slope);
    });
    bias -= rate * biasSlope;
  }
  const unscaled = weights.map((weight, head) => weight / (spreads[head] ?? 1));
  const logits = scores.map((line) => weigh(unscaled, line));
  return { weights: unscaled, bias: -bestThreshold(logits, labels) };
}

/**
 * A verdict that novelty gives alone. Heads that learn from labels know the types of defect that they were
 * shown, and outvote the novelty head on any other; so a picture that is farther from normal than any normal
 * one was, and by a margin, is an anomaly whatever they say. The margin is wide where few pictures show how
 * far normal goes.
 * @param normals novelty scores of normal pictures that the head has not learnt from
 */
export function noveltyAlone(normals: readonly number[]): NonNullable<Stack['alone']> {
  const spread = deviation(normals);
  return { threshold: Math.max(...normals) + (spread * 10) / normals.length, spread };
}

/**
 * The stack of a model that has seen too few anomalies, or none: novelty alone, and what 95 % of normal
 * pictures stay below is normal.
 * @param normals novelty scores of normal pictures that the head has not learnt from
 */
export function noveltyStack(normals: readonly number[], heads: number): Stack {
  const sorted = [...normals].sort((a, b) => a - b);
  const position = 0.95 * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  const threshold = below + (above - below) * (position - Math.floor(position));
  const spread = deviation(normals);
  return {
    weights: Array.from({ length: heads }, (_, head) => (head === 0 ? 1 / spread : 0)),
    bias: -threshold / spread,
  };
}

/** 0 to 1, with the decision boundary at 0.5. */
export function stackScore({ weights, bias, alone }: Stack, scores: readonly number[]): number {
  const together = weigh(weights, scores) + bias;
  if (alone === undefined) return sigmoid(together);
  return sigmoid(Math.max(together, ((scores[0] ?? 0) - alone.threshold) / alone.spread));
}

/**
 * The threshold of the greatest F1. Of several, the one in the middle of the widest gap: it is the least
 * likely to be luck.
 */
export function bestThreshold(scores: readonly number[], labels: readonly boolean[]): number {
  const order = scores
    .map((score, at) => ({ score, isAnomaly: labels[at] === true }))
    .sort((a, b) => b.score - a.score);
  const anomalies = order.filter(({ isAnomaly }) => isAnomaly).length;
  let best = { f1: -1, gap: 0, threshold: 0 };
  let found = 0;
  order.forEach(({ score, isAnomaly }, at) => {
    if (isAnomaly) found++;
    const next = order[at + 1]?.score ?? score - 2e-6;
    const gap = score - next;
    const f1 = (2 * found) / (at + 1 + anomalies);
    if (gap > 0 && (f1 > best.f1 + 1e-9 || (f1 > best.f1 - 1e-9 && gap > best.gap)))
      best = { f1, gap, threshold: (score + next) / 2 };
  });
  return best.threshold;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2))) || 1;
}
const weigh = (weights: readonly number[], scores: readonly number[]): number =>
  weights.reduce((sum, weight, head) => sum + weight * (scores[head] ?? 0), 0);
const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));
