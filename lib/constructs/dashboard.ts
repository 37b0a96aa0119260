import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  MathExpression,
  type Alarm,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { namespaceOf, type MetricName } from '../../lambdas/contract/metrics.ts';

export interface DashboardProps {
  readonly stage: string;
  readonly alarms: readonly Alarm[];
}

/**
 * One page: what is alarming, what models answer, how many units they have, and how the service itself fares.
 */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { stage, alarms }: DashboardProps) {
    super(scope, id);
    const namespace = namespaceOf(stage);
    // Searched for, because models come and go.
    const search = (dimensions: string, metric: MetricName, statistic: string): MathExpression =>
      new MathExpression({
        expression: `SEARCH('{${namespace},${dimensions}} MetricName="${metric}"', '${statistic}', 60)`,
        label: metric,
        period: Duration.minutes(1),
        usingMetrics: {},
      });
    const byModel = (title: string, statistic: string, ...metrics: MetricName[]): GraphWidget =>
      new GraphWidget({
        title,
        width: 12,
        left: metrics.map((metric) => search('ProjectName,ModelVersion', metric, statistic)),
      });
    const byOperation = (title: string, statistic: string, ...metrics: MetricName[]): GraphWidget =>
      new GraphWidget({
        title,
        width: 12,
        left: metrics.map((metric) => search('Operation', metric, statistic)),
      });
    const whole = (title: string, ...metrics: MetricName[]): GraphWidget =>
      new GraphWidget({
        title,
        width: 12,
        left: metrics.map(
          (metric) =>
            new MathExpression({
              expression: `SELECT MAX(${metric}) FROM "${namespace}"`,
              label: metric,
              period: Duration.minutes(1),
              usingMetrics: {},
            }),
        ),
      });

    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: `Crowsnest-${stage}`,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24 })],
        [
          byModel(
            'Pictures by model',
            'Sum',
            'ProcessedImageCount',
            'DetectedAnomalyCount',
            'InvalidImageCount',
          ),
          byModel('Time by model (ms)', 'p99', 'Time'),
        ],
        [
          byModel(
            'Inference units by model',
            'Average',
            'InServiceInferenceUnits',
            'MinInferenceUnits',
            'MaxInferenceUnits',
          ),
          whole('Running models and rows that are due', 'RunningModels', 'DueRows'),
        ],
        [
          byOperation('Calls by operation', 'Sum', 'SuccessfulRequestCount'),
          byOperation('Errors and throttles by operation', 'Sum', 'ErrorCount', 'ThrottledCount'),
        ],
      ],
    });
  }
}
