/**
 * Values that rows of runs hold and answers show. Apart from the shapes, so that functions need not carry
 * those.
 */

/** Why a run ended. */
export const endReasons = [
  'STOPPED',
  'LEASE',
  'IDLE',
  'SCHEDULE',
  'BUDGET',
  'SUPERSEDED',
  'FAILED',
  'DELETED',
] as const;
export type EndReason = (typeof endReasons)[number];

/** The states that a run passes through: those of its model, and its own end. */
export const runStatuses = [
  'STARTING_HOSTING',
  'HOSTED',
  'SYSTEM_UPDATING',
  'HOSTING_FAILED',
  'STOPPING_HOSTING',
  'DELETING',
  'ENDED',
] as const;
export type RunStatus = (typeof runStatuses)[number];

export const engineNames = ['process', 'lambda', 'sagemaker'] as const;

/** What an inference unit is with one engine, and what an hour of it costs. */
export interface UnitRate {
  readonly engine: (typeof engineNames)[number];
  /** What one unit is: an instance type, mode and megabytes of a function, a process. */
  readonly unit: string;
  /** Absent: nobody has said what it costs, or it is not paid for by the hour. */
  readonly perHour?: number;
}

/** What units cost, by the format of what is hosted. */
export interface Rates {
  /** As in ISO 4217. */
  readonly currency: string;
  readonly onnx: UnitRate;
  readonly sagemaker?: UnitRate;
}
