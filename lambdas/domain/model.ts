import type { ModelStatus } from '../contract/shapes.ts';
import type { OperationKind } from './lifecycle.ts';
import type { EndReason } from '../contract/runs.ts';
import { attemptName, type Operation } from './operation.ts';
import type { Execution } from './ports.ts';
import type { Cause, RunEvent, RunRate, UnitChange } from './run.ts';
import type { WorkflowName } from './workflows.ts';

export interface ModelKey {
  readonly project: string;
  /** A decimal string from "1" on, never `latest`. */
  readonly version: string;
}

export interface Units {
  readonly min: number;
  /** Absent: the model is not scaled. */
  readonly max?: number;
}

/** What is, or last was, under way for a model. */
export interface ModelOperation extends Operation {
  readonly kind: OperationKind;
  /** Why a policy asked for it; absent where a caller did. */
  readonly cause?: Cause;
}

/** Where a model came from: exactly one form of the ImportModel request. */
export interface ModelSource {
  readonly S3?: { readonly Bucket: string; readonly Prefix?: string };
  readonly ModelPackageArn?: string;
  readonly Image?: string;
  readonly ModelDataUrl?: string;
}

/**
 * What can host an artifact: `onnx` is the project's own format, which a laptop and AWS host alike;
 * `sagemaker` is what an endpoint of SageMaker alone can host.
 */
export type ArtifactFormat = 'onnx' | 'sagemaker';

export interface Artifact {
  readonly bucket: string;
  readonly prefix: string;
  /** Absent on rows of 0.1: `onnx` on a laptop, `sagemaker` in AWS. */
  readonly format?: ArtifactFormat;
}

export interface Evaluation {
  readonly f1Score: number;
  readonly precision: number;
  readonly recall: number;
  /** Epoch milliseconds. */
  readonly evaluatedAt: number;
}

export interface Model extends ModelKey {
  /** The layout of the row; tasks accept this one and the one before. */
  readonly v: 1;
  readonly createdAt: number;
  readonly description?: string;
  readonly status: ModelStatus;
  readonly statusMessage: string;
  readonly operation: ModelOperation;
  /** The newest deployment, while the model is hosted, on its way there or back, or failed to get there. */
  readonly deploymentId?: string;
  readonly units?: Units;
  readonly source: ModelSource;
  /** Our copy of what the engine loads, absent until the import has made one. */
  readonly artifact?: Artifact;
  readonly evaluation?: Evaluation;
  readonly output?: { readonly bucket: string; readonly prefix: string };
  /**
   * The generations of entries that the datasets had when training was asked for; without `test`, a part of
   * `train` is held out.
   */
  readonly datasets?: { readonly train: string; readonly test?: string };
  readonly evaluationFiles?: { readonly bucket: string; readonly manifest: string; readonly result: string };
  readonly kmsKeyId?: string;
  /** Somebody must look here no later than this (epoch milliseconds). Present while the model is passing. */
  readonly dueAt?: number;
}

/**
 * One run of a model: its history, its meter, its quota receipt and the name under which the engine knows it.
 */
export interface Deployment extends ModelKey {
  readonly v: 1;
  /** Also the id of the operation that made it. */
  readonly id: string;
  readonly units: Units;
  readonly startedBy: string;
  /** The network address that the start came from, where it is known. */
  readonly startedFrom?: string;
  readonly startedAt: number;
  /** The units over time, the oldest first. Rows of 0.1 have none: `units` were theirs from start to end. */
  readonly unitHistory?: readonly UnitChange[];
  /** What happened to it, the oldest first. Rows of 0.1 have none. */
  readonly timeline?: readonly RunEvent[];
  /** Noted with `createUntil`. */
  readonly rate?: RunRate;
  /**
   * Counted against the running-models quota. Cleared, once, when the engine has confirmed that nothing is
   * left.
   */
  readonly reserved?: true;
  /**
   * A call to the engine that creates something may still be on its way until then. Absent: none was ever
   * made.
   */
  readonly createUntil?: number;
  /** Of what is hosted, and so which engine has it; noted with `createUntil`. */
  readonly format?: ArtifactFormat;
  readonly hostedAt?: number;
  /** When it stopped being wanted. */
  readonly releasedAt?: number;
  readonly endedAt?: number;
  /** Known from the release on. */
  readonly endReason?: EndReason;
  readonly endedBy?: string;
  /** The last picture that was judged, to the minute (epoch milliseconds). */
  readonly lastUsedAt?: number;
  /** Consecutive looks at a hosted deployment that found nothing: one may be wrong, two are not. */
  readonly missing?: number;
  readonly dueAt?: number;
}

const workflowOf = {
  import: 'importing',
  train: 'training',
  start: 'hosting',
  stop: 'hosting',
  delete: 'hosting',
} as const satisfies Record<OperationKind, WorkflowName>;

type ModelExecution = Extract<Execution, { readonly workflow: 'hosting' | 'importing' | 'training' }>;

/** The execution that carries out a model's operation: a function of the row alone. */
export function executionOf({
  project,
  version,
  operation,
}: ModelKey & { readonly operation: ModelOperation }): ModelExecution {
  const { id, attempt, kind } = operation;
  return {
    workflow: workflowOf[kind],
    name: attemptName(operation),
    input: { v: 1, kind, project, version, operationId: id, attempt },
  };
}

export const modelId = ({ project, version }: ModelKey): string => `${project}/${version}`;
