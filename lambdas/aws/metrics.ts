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
  const names = Object.keys(metrics);
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [
        {
          Namespace: namespaceOf(stage),
          Dimensions: sets.map((set) => Object.keys(set)),
          Metrics: names.map((Name) => ({ Name, Unit: Name === 'Time' ? 'Milliseconds' : 'Count' })),
        },
      ],
    },
    ...Object.assign({}, ...sets),
    ...metrics,
  });
}
