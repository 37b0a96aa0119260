/** Milliseconds, unless a name says otherwise. */
export interface PoolOptions {
  /** Between two looks at the units, so also how late any of the other times may be kept. */
  readonly look: number;
  /** How long a unit may take to load its model. */
  readonly load: number;
  /** How long a unit may take for one picture; then it is killed and replaced. */
  readonly judge: number;
  /**
   * How long a picture may wait for a unit. Together with `judge` no more than the 25 s that a caller is kept
   * waiting.
   */
  readonly wait: number;
  /** Pictures that may wait, per unit of the most that the model may have. */
  readonly queuePerUnit: number;
  /**
   * A unit whose last picture took no longer than this is given the next one in advance: it would wait for
   * it, which one that takes longer hardly does.
   */
  readonly quick: number;
  /** A unit is added when a picture has waited this long. */
  readonly growAfter: number;
  /** A unit above the least number ends after this time without work. */
  readonly shrinkAfter: number;
  /**
   * Before a lost unit is replaced: this, doubled with each further loss in a row, and never more than
   * `backoffLimit`.
   */
  readonly backoff: number;
  readonly backoffLimit: number;
  /** So many units lost without a single one ever having been ready, and the deployment has failed. */
  readonly attempts: number;
  /** How long a model that was served may be without a unit that can load it; then it has failed. */
  readonly outage: number;
  /** Of one unit's process, in bytes. */
  readonly memory: number;
}

export const defaultPoolOptions: PoolOptions = {
  look: 250,
  load: 60_000,
  judge: 15_000,
  wait: 10_000,
  queuePerUnit: 16,
  quick: 100,
  growAfter: 500,
  shrinkAfter: 60_000,
  backoff: 250,
  backoffLimit: 30_000,
  attempts: 3,
  outage: 600_000,
  memory: 1024 * 1024 * 1024,
};
