import type { MetricName } from './metrics.ts';

/**
 * One kind of line that something outside the code depends on: an alarm, the runbook, an operator's query.
 */
export interface EventRow {
  readonly level: 'info' | 'warn' | 'error';
  /** The sentence of the line. It may be reworded: who looks for a line looks for its code. */
  readonly says: string;
  /** What the line counts: a number, or the field of the line that holds it. */
  readonly metrics?: Readonly<Partial<Record<MetricName, number | string>>>;
}

/**
 * The codes of log lines. The log writes them, CloudWatch counts them where a host writes its metrics into
 * the log, and the stack's alarms stand on those counts.
 */
export const events = {
  'request.refused': { level: 'info', says: 'refused' },
  'request.failed': { level: 'error', says: 'unhandled failure' },
  'transport.refused': { level: 'info', says: 'refused what is no whole request' },
  'host.failed': { level: 'error', says: 'the host failed' },
  'execution.not-started': { level: 'warn', says: 'the execution was not started; the sweep will start it' },
  'operation.taken-over': {
    level: 'warn',
    says: 'took an operation over',
    metrics: { Takeovers: 1 },
  },
  'hosting.failed': { level: 'warn', says: 'hosting failed', metrics: { HostingFailures: 1 } },
  'hosting.lost': { level: 'warn', says: 'a hosted model failed', metrics: { HostingFailures: 1 } },
  'hosting.drifted': {
    level: 'info',
    says: 'the engine changed what is hosted',
    metrics: { HostingDrift: 1 },
  },
  'hosting.quota-refused': {
    level: 'warn',
    says: "the account's quota leaves no room for another unit",
    metrics: { QuotaRefusals: 1 },
  },
  'training.failed': { level: 'warn', says: 'a training failed', metrics: { TrainingFailures: 1 } },
  'import.unchecked': {
    level: 'error',
    says: 'an import could not be checked in time',
    metrics: { ImportFailures: 1 },
  },
  'policy.stopped': { level: 'info', says: 'a hosting policy stopped a model' },
  'policy.started': { level: 'info', says: 'a hosting policy started a model' },
  'policy.refused': { level: 'warn', says: 'a hosting policy could not start a model' },
  'sweep.ended': {
    level: 'info',
    says: 'swept',
    metrics: { DueRows: 'due', SweepFailures: 'failed', RunningModels: 'running', ReportOnly: 0 },
  },
  'sweep.row-failed': { level: 'error', says: 'the sweep could not look after a row' },
  'sweep.reporting': {
    level: 'error',
    says:
      'the table was restored: nothing is done until it is adopted; see "After a restore" in ' +
      'docs/runbook.md',
    metrics: { DueRows: 'due', ReportOnly: 1 },
  },
  'sweep.row-reported': { level: 'warn', says: 'this row is due, and nothing is done about it' },
  'audit.ended': {
    level: 'info',
    says: 'audited',
    metrics: { UnknownResources: 'unknown', LeftoverResources: 'leftover' },
  },
  'audit.unknown': {
    level: 'error',
    says: 'the engine has a resource of ours that the table never knew',
  },
  'audit.leftover': { level: 'error', says: 'the engine has a resource whose run has ended' },
  'drain.looked': { level: 'info', says: 'draining', metrics: { DrainWaiting: 'waiting' } },
  'drain.failed': { level: 'error', says: 'draining took too long', metrics: { DrainFailures: 1 } },
  'drain.look-failed': {
    level: 'error',
    says: 'a look at what is left to drain failed; there will be another',
    metrics: { DrainFailures: 1 },
  },
  'drain.not-asked': { level: 'warn', says: 'asked to drain a stack that stays; nothing was done' },
} as const satisfies Readonly<Record<string, EventRow>>;

export type EventCode = keyof typeof events;
