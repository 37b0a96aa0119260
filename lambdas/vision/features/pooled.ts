/**
 * The pooled head: logistic regression on statistics of a whole picture's features, learnt from the pictures'
 * labels alone.
 */

/** Scores a pooled vector: logit = weights * vector + bias. */
export interface PooledHead {
  readonly weights: Float32Array;
  readonly bias: number;
}

/** How much errors count against large weights. */
const cost = 0.1;
/** The bias is the weight of one more, constant, value of this size, so it is hardly held back. */
const constant = 10;

/** Columns brought to mean 0 and deviation 1. Labels play no part. */
export interface Scaling {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

export function fitScaling(vectors: readonly Float32Array[]): Scaling {
  const length = vectors[0]?.length ?? 0;
  const mean = new Float64Array(length);
  const deviation = new Float64Array(length);
  for (const vector of vectors)
    for (let at = 0; at < length; at++) mean[at] = (mean[at] ?? 0) + (vector[at] ?? 0) / vectors.length;
  for (const vector of vectors) {
    for (let at = 0; at < length; at++)
      deviation[at] = (deviation[at] ?? 0) + ((vector[at] ?? 0) - (mean[at] ?? 0)) ** 2 / vectors.length;
  }
  // A column that never changes says nothing, and must not be blown up when it changes by a rounding error
  // later.
  return {
    mean,
    deviation: deviation.map((variance) =>
      variance < 1e-8 ? Number.POSITIVE_INFINITY : Math.sqrt(variance),
    ),
  };
}

const scaled = (vector: Float32Array, { mean, deviation }: Scaling): Float64Array =>
  Float64Array.from(vector, (value, at) => (value - (mean[at] ?? 0)) / (deviation[at] ?? 1));

/**
 * Fits by Newton's method in the space of pictures, of which there are fewer than columns.
 * @param labels true for an anomaly; both kinds must be there. Each kind counts the same in sum.
 */
export function fitPooled(
  vectors: readonly Float32Array[],
  labels: readonly boolean[],
  scaling: Scaling,
): PooledHead {
  const rows = vectors.map((vector) => scaled(vector, scaling));
  const count = rows.length;
  const kernel = rows.map((row, at) => {
    const line = new Float64Array(count);
    for (let other = 0; other <= at; other++)
      line[other] = dot(row, rows[other] ?? row) + constant * constant;
    return line;
  });
  kernel.forEach((line, at) => {
    for (let other = at + 1; other < count; other++) line[other] = kernel[other]?.[at] ?? 0;
  });
  const anomalies = labels.filter(Boolean).length;
  const costs = labels.map((isAnomaly) => (cost * count) / 2 / (isAnomaly ? anomalies : count - anomalies));
  const alpha = newton(kernel, labels, costs);

  const weights = new Float64Array(rows[0]?.length ?? 0);
  rows.forEach((row, at) =>
    row.forEach((value, column) => {
      weights[column] = (weights[column] ?? 0) + (alpha[at] ?? 0) * value;
    }),
  );
  let bias = alpha.reduce((sum, value) => sum + value, 0) * constant * constant;
  weights.forEach((weight, column) => {
    bias -= (weight * (scaling.mean[column] ?? 0)) / (scaling.deviation[column] ?? 1);
  });
  return {
    weights: Float32Array.from(weights, (weight, column) => weight / (scaling.deviation[column] ?? 1)),
    bias,
  };
}

export const scorePooled = ({ weights, bias }: PooledHead, vector: Float32Array): number =>
  dot(weights, vector) + bias;

/**
 * Minimises the sum of costs * logistic loss + |w|^2 / 2, for w = sum of alpha * rows; the form is that of a
 * Gaussian process's mode.
 */
function newton(
  kernel: readonly Float64Array[],
  labels: readonly boolean[],
  costs: readonly number[],
): Float64Array {
  const count = labels.length;
  const alpha = new Float64Array(count);
  for (let round = 0; round < 30; round++) {
    const values = kernel.map((line) => dot(line, alpha));
    const chances = values.map((value) => 1 / (1 + Math.exp(-value)));
    const slopes = chances.map((chance, at) => Math.max((costs[at] ?? 0) * chance * (1 - chance), 1e-10));
    const roots = slopes.map(Math.sqrt);
    const target = values.map(
      (value, at) =>
        (slopes[at] ?? 0) * value + (costs[at] ?? 0) * ((labels[at] === true ? 1 : 0) - (chances[at] ?? 0)),
    );
    const system = kernel.map((line, row) =>
      line.map(
        (value, column) => (roots[row] ?? 0) * value * (roots[column] ?? 0) + (row === column ? 1 : 0),
      ),
    );
    const right = kernel.map((line, row) => (roots[row] ?? 0) * dot(line, target));
    const solved = solve(system, right);
    let change = 0;
    for (let at = 0; at < count; at++) {
      const next = (target[at] ?? 0) - (roots[at] ?? 0) * (solved[at] ?? 0);
      change = Math.max(change, Math.abs(next - (alpha[at] ?? 0)));
      alpha[at] = next;
    }
    if (change < 1e-9) break;
  }
  return alpha;
}

/** Solves a symmetric positive definite system by Cholesky's decomposition, which it leaves in `matrix`. */
function solve(matrix: readonly Float64Array[], right: readonly number[]): Float64Array {
  decompose(matrix);
  const solution = Float64Array.from(right);
  const size = right.length;
  for (let row = 0; row < size; row++) {
    const line = matrix[row] ?? solution;
    let value = solution[row] ?? 0;
    for (let column = 0; column < row; column++) value -= (line[column] ?? 0) * (solution[column] ?? 0);
    solution[row] = value / (line[row] ?? 1);
  }
  for (let row = size - 1; row >= 0; row--) {
    let value = solution[row] ?? 0;
    for (let below = row + 1; below < size; below++)
      value -= (matrix[below]?.[row] ?? 0) * (solution[below] ?? 0);
    solution[row] = value / (matrix[row]?.[row] ?? 1);
  }
  return solution;
}

/**
 * Replaces the lower triangle of a symmetric positive definite matrix by L, where L times its transpose is
 * the matrix.
 */
export function decompose(matrix: readonly Float64Array[]): void {
  matrix.forEach((line, row) => {
    for (let column = 0; column <= row; column++) {
      const other = matrix[column] ?? line;
      let value = line[column] ?? 0;
      for (let at = 0; at < column; at++) value -= (line[at] ?? 0) * (other[at] ?? 0);
      line[column] = row === column ? Math.sqrt(Math.max(value, 1e-12)) : value / (other[column] ?? 1);
    }
  });
}

function dot(left: ArrayLike<number>, right: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] ?? 0) * (right[at] ?? 0);
  return sum;
}
