import { namespaceOf, type MetricName } from '../contract/metrics.ts';

export type Dimensions = Readonly<Record<string, string>>;
export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/**
 * One line that CloudWatch reads as metrics (embedded metric format): no call, no wait, no right beyond that
 * to write a log.
 * @param sets each a set of dimensions under which the metrics are kept; a set that is empty is the whole
 *   stage's
 */
export function metricLine(
  stage: string,
  metrics: Metrics,
  sets: readonly Dimensions[],
  now: number,
): string {
  return JSON.stringify(metricFields(stage, metrics, sets, now));
}

/** The same, as members of a line that says more. */
export const metricFields = (
  stage: string,
  metrics: Readonly<Record<string, number>>,
  sets: readonly Dimensions[],
  now: number,
): Readonly<Record<string, unknown>> => ({
  _aws: {
    Timestamp: now,
    CloudWatchMetrics: [
      {
        Namespace: namespaceOf(stage),
        Dimensions: sets.map((set) => Object.keys(set)),
        Metrics: Object.keys(metrics).map((Name) => ({
          Name,
          Unit: Name === 'Time' ? 'Milliseconds' : 'Count',
        })),
      },
    ],
  },
  ...Object.fromEntries(sets.flatMap((set) => Object.entries(set))),
  ...metrics,
});
