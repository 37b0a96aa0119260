import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Environment } from '../../lambdas/contract/environments.ts';
import type { EngineRights, TrainerRights } from './rights.ts';
import { FunctionGroup, type FunctionDefaults } from './service-function.ts';
import type { StateTable } from './state-table.ts';
import type { Workflow } from './workflow.ts';

export interface WatchProps {
  readonly defaults: FunctionDefaults;
  readonly table: StateTable;
  readonly hosting: EngineRights;
  readonly training: TrainerRights;
  readonly workflows: readonly Workflow[];
  /** Executions that are reserved for the sweep. */
  readonly sweepConcurrency: number | undefined;
  readonly environment: { readonly sweep: Environment<'sweep'>; readonly audit: Environment<'audit'> };
}

/** Who comes by: the sweep every minute, for what is due; the audit every hour, for what nobody knows of. */
export class Watch extends Construct {
  readonly sweep: LambdaFunction;
  readonly audit: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    { defaults, table, hosting, training, workflows, sweepConcurrency, environment }: WatchProps,
  ) {
    super(scope, id);
    const sweep = new FunctionGroup<'sweep'>(this, 'Sweep', {
      defaults,
      kind: 'sweep',
      bundle: 'sweep',
      environment: environment.sweep,
      description: 'Crowsnest: looks after every row that is due',
    });
    const { role } = sweep;
    table.allow(role, 'read', 'change', 'put', 'delete', 'bulk', 'identify');
    table.allowDue(role);
    for (const workflow of workflows) workflow.allowStart(role);
    hosting.allowRelease(role);
    hosting.allowScale(role);
    // What no execution brings to its end in time is brought there by the sweep.
    hosting.allowDiscard(role);
    training.allowSettle(role);
    this.sweep = sweep.add('handler', {
      timeout: Duration.minutes(5),
      memory: 512,
      reservedConcurrency: sweepConcurrency,
    });
    every(this, 'Minute', Duration.minutes(1), this.sweep);

    const audit = new FunctionGroup(this, 'Audit', {
      defaults,
      kind: 'audit',
      bundle: 'audit',
      environment: environment.audit,
      description: 'Crowsnest: looks for engine resources that the table never knew',
    });
    table.allow(audit.role, 'read');
    hosting.allowAudit(audit.role);
    this.audit = audit.add('handler', { timeout: Duration.minutes(10), memory: 512 });
    every(this, 'Hour', Duration.hours(1), this.audit);
  }
}

/** A visit that was missed is not made up for: the next one sees the same. */
function every(scope: Construct, id: string, interval: Duration, fn: LambdaFunction): void {
  new Rule(scope, id, {
    schedule: Schedule.rate(interval),
    targets: [
      new Target(fn, {
        event: RuleTargetInput.fromObject({}),
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
    ],
  });
}
