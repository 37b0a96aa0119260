import type { DatasetStatus } from '../contract/shapes.ts';
import type { Label } from './manifest.ts';
import { attemptName, fenceOf, type Operation } from './operation.ts';
import type { Execution } from './ports.ts';

export type DatasetType = 'train' | 'test';

export interface DatasetKey {
  readonly project: string;
  readonly type: DatasetType;
}

export type DatasetOperationKind = 'createDataset' | 'updateDataset';

/** What is, or last was, under way for a dataset. */
export interface DatasetOperation extends Operation {
  readonly kind: DatasetOperationKind;
  /** The size of an update's changes: fewer than these would be another update. */
  readonly bytes?: number;
  /** Those that the caller's key may use, as patterns; absent if nothing limits the caller. */
  readonly buckets?: readonly string[];
}

export interface ImageStats {
  readonly total: number;
  readonly labeled: number;
  readonly normal: number;
  readonly anomaly: number;
}

/** A folder of pictures in S3. */
export interface PictureFolder {
  readonly bucket: string;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  /** What its pictures show; absent if they are not labelled yet. */
  readonly label?: Label;
}

export interface Dataset extends DatasetKey {
  /** The layout of the row; tasks accept this one and the one before. */
  readonly v: 1;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: DatasetStatus;
  readonly statusMessage: string;
  readonly stats: ImageStats;
  readonly operation: DatasetOperation;
  /** The entries that readers see. Absent: there are none. */
  readonly generation?: string;
  /** The highest position that an entry has had: those of the next update come behind it. */
  readonly positions: number;
  /** The manifest that it was, or is being, created from. */
  readonly source?: { readonly bucket: string; readonly key: string; readonly versionId?: string };
  /** The folders that the manifest is made of, where the service makes it. */
  readonly folders?: readonly PictureFolder[];
  /**
   * Somebody must look here no later than this (epoch milliseconds). Present while an operation is under way.
   */
  readonly dueAt?: number;
}

export const passingDatasetState = {
  createDataset: 'CREATE_IN_PROGRESS',
  updateDataset: 'UPDATE_IN_PROGRESS',
} as const satisfies Record<DatasetOperationKind, DatasetStatus>;

export const failedDatasetState = {
  createDataset: 'CREATE_FAILED',
  updateDataset: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
} as const satisfies Record<DatasetOperationKind, DatasetStatus>;

export const doneDatasetState = {
  createDataset: 'CREATE_COMPLETE',
  updateDataset: 'UPDATE_COMPLETE',
} as const satisfies Record<DatasetOperationKind, DatasetStatus>;

/**
 * A dataset whose creation failed holds nothing that could be updated: it can be deleted, and created again.
 */
export const mayUpdate: readonly DatasetStatus[] = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_FAILED_ROLLBACK_COMPLETE',
];

/** Whether an operation is under way, so that somebody must be looking after it. */
export const isBusy = (status: DatasetStatus): boolean => busyStates.includes(status);

/** The states in which an operation is under way. */
const busyStates: readonly DatasetStatus[] = Object.values(passingDatasetState);

/** What `StatusMessage` says. Clients index it without asking, so no state is without one. */
export const datasetMessage = {
  creating: 'The dataset is being created.',
  created: 'The dataset was created successfully.',
  updating: 'The dataset is being updated.',
  updated: 'The dataset was updated successfully.',
} as const;

/** Where each attempt writes: its own place, so that what is left of another one harms nothing. */
export const generationOf = attemptName;

export const noImages: ImageStats = { total: 0, labeled: 0, normal: 0, anomaly: 0 };

export const counted = (stats: ImageStats, label: Label | undefined): ImageStats => ({
  total: stats.total + 1,
  labeled: stats.labeled + (label === undefined ? 0 : 1),
  normal: stats.normal + (label === 'normal' ? 1 : 0),
  anomaly: stats.anomaly + (label === 'anomaly' ? 1 : 0),
});

export const datasetId = ({ project, type }: DatasetKey): string => `${project}/${type}`;

/** The execution that carries out a dataset's operation: a function of the row alone. */
export function datasetExecution({
  project,
  type,
  operation,
}: DatasetKey & { readonly operation: DatasetOperation }): Extract<
  Execution,
  { readonly workflow: 'datasets' }
> {
  return {
    workflow: 'datasets',
    name: attemptName(operation),
    input: { v: 1, kind: operation.kind, project, type, ...fenceOf({ operation }) },
  };
}
