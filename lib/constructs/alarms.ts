import { Duration } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import {
  Alarm,
  ComparisonOperator,
  Metric,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { namespaceOf, type MetricName } from '../../lambdas/contract/metrics.ts';
import type { Workflow } from './workflow.ts';

export interface AlarmsProps {
  readonly stage: string;
  readonly topicArn: string | undefined;
  readonly restApi: RestApi;
  readonly workflows: readonly Workflow[];
  readonly sweep: LambdaFunction;
  readonly audit: LambdaFunction;
}

interface Rule {
  readonly metric: IMetric;
  readonly says: string;
  /** A heading of docs/runbook.md. */
  readonly heading: string;
  readonly above?: number;
  readonly below?: number;
  readonly periods?: number;
  readonly missing?: TreatMissingData;
}

/** Where a heading of the runbook is found from an alarm's description. */
const link = (heading: string): string =>
  `docs/runbook.md#${heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')}`;

const minutes = (count: number): Duration => Duration.minutes(count);

/** Each alarm says what is wrong, and where in the runbook it says what to do. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    const topic =
      props.topicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', props.topicArn);
    this.all = Object.entries(this.#rules()).map(([name, rule]) => {
      const alarm = new Alarm(this, name, {
        metric: rule.metric,
        threshold: rule.above ?? rule.below ?? 0,
        comparisonOperator:
          rule.above === undefined
            ? ComparisonOperator.LESS_THAN_THRESHOLD
            : ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: rule.periods ?? 1,
        treatMissingData: rule.missing ?? TreatMissingData.NOT_BREACHING,
        alarmDescription: `Crowsnest ${props.stage}: ${rule.says} See ${link(rule.heading)}`,
      });
      if (topic !== undefined) alarm.addAlarmAction(new SnsAction(topic));
      return alarm;
    });
  }

  #own(metricName: MetricName, period = minutes(1), statistic = 'Maximum'): Metric {
    return new Metric({ namespace: namespaceOf(this.#props.stage), metricName, period, statistic });
  }

  #rules(): Record<string, Rule> {
    const { restApi, workflows, sweep, audit } = this.#props;
    const executions = Object.fromEntries(
      workflows.flatMap((workflow) => [
        [
          `${workflow.node.id}Failed`,
          {
            metric: workflow.machine.metricFailed({ period: minutes(5) }),
            above: 0,
            says: 'an execution failed; the sweep goes on with its model.',
            heading: 'Stuck model',
          },
        ],
        [
          `${workflow.node.id}TimedOut`,
          {
            metric: workflow.machine.metricTimedOut({ period: minutes(5) }),
            above: 0,
            says: 'an execution took longer than its workflow allows.',
            heading: 'Stuck model',
          },
        ],
      ]),
    );
    return {
      ServerErrors: {
        metric: restApi.metricServerError({ period: minutes(5) }),
        above: 5,
        says: 'the API answers with errors of its own.',
        heading: 'API errors',
      },
      Throttles: {
        // Of all functions of the account and region: one that takes all executions starves the others.
        metric: new Metric({
          namespace: 'AWS/Lambda',
          metricName: 'Throttles',
          period: minutes(5),
          statistic: 'Sum',
        }),
        above: 0,
        periods: 2,
        says: 'functions of this account and region are refused executions.',
        heading: 'No executions left',
      },
      SweepSilent: {
        metric: sweep.metricInvocations({ period: minutes(5) }),
        below: 1,
        periods: 2,
        missing: TreatMissingData.BREACHING,
        says: 'the sweep does not come by: nothing is repaired, and nothing follows the engine.',
        heading: 'The sweep is silent',
      },
      SweepErrors: {
        metric: sweep.metricErrors({ period: minutes(5) }),
        above: 2,
        periods: 2,
        says: 'the sweep fails as a whole.',
        heading: 'The sweep is silent',
      },
      SweepFailures: {
        metric: this.#own('SweepFailures', minutes(5)),
        above: 0,
        periods: 3,
        says: 'a row cannot be looked after.',
        heading: 'Stuck model',
      },
      Takeovers: {
        metric: this.#own('Takeovers', minutes(15), 'Sum'),
        above: 5,
        says: 'operations are taken over again and again: their executions do not run.',
        heading: 'Stuck model',
      },
      HostingFailures: {
        metric: this.#own('HostingFailures', minutes(5), 'Sum'),
        above: 0,
        says: 'a model could not be hosted, or is hosted no longer.',
        heading: 'Hosting failed',
      },
      HostingDrift: {
        metric: this.#own('HostingDrift', minutes(15), 'Sum'),
        above: 5,
        says: 'the engine keeps changing what is hosted.',
        heading: 'Hosted models drift',
      },
      TrainingFailures: {
        metric: this.#own('TrainingFailures', minutes(5), 'Sum'),
        above: 0,
        says: 'a training failed.',
        heading: 'Training failed',
      },
      ImportFailures: {
        metric: this.#own('ImportFailures', minutes(5), 'Sum'),
        above: 0,
        says: 'a model could not be checked in time and was not taken in.',
        heading: 'Training failed',
      },
      DrainFailures: {
        metric: this.#own('DrainFailures', minutes(5), 'Sum'),
        above: 0,
        says: 'the deletion of the stack waits for models that do not stop.',
        heading: 'Drain failed',
      },
      QuotaRefusals: {
        metric: this.#own('QuotaRefusals', minutes(5), 'Sum'),
        above: 0,
        says: 'the account has no room for another instance.',
        heading: 'Quota refused',
      },
      ReportOnly: {
        metric: this.#own('ReportOnly', minutes(5)),
        above: 0,
        says: 'the table was restored, and the sweep only reports.',
        heading: 'After a restore',
      },
      UnknownResources: {
        metric: this.#own('UnknownResources', Duration.hours(1)),
        above: 0,
        says: 'the engine has resources of ours that the table never knew. They may cost money.',
        heading: 'Unknown resources',
      },
      LeftoverResources: {
        metric: this.#own('LeftoverResources', Duration.hours(1)),
        above: 0,
        says: 'the engine has resources whose run has ended. They may cost money.',
        heading: 'Unknown resources',
      },
      AuditErrors: {
        metric: audit.metricErrors({ period: Duration.hours(1) }),
        above: 0,
        periods: 2,
        says: 'the audit fails.',
        heading: 'The audit fails',
      },
      ...executions,
    };
  }
}
