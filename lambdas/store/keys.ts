import type { DatasetKey } from '../domain/dataset.ts';
import type { PolicyScope } from '../domain/hosting-policy.ts';
import type { ModelKey } from '../domain/model.ts';
import type { JobKey } from '../domain/packaging.ts';
import type { ObjectLocation } from '../domain/ports.ts';
import type { Key } from './expression.ts';

// Every key of the one table, each with the access that it is for. Versions are padded, so that they sort as
// numbers.

const padded = (version: string): string => version.padStart(10, '0');
const ofProject = (project: string): string => `P#${project}`;

/** Partitions that are written and removed as wholes. */
export const places = {
  entries: (generation: string): string => `E#${generation}`,
  pictures: (generation: string): string => `I#${generation}`,
  changes: (operationId: string): string => `C#${operationId}`,
};

export const keys = {
  /**
   * Describe, and the counters that CreateModel and DeleteModel keep. All projects share a partition:
   * ListProjects is one query.
   */
  project: (project: string): Key => ({ pk: 'PROJECTS', sk: project }),
  /**
   * That there was a project of this name, whose runs are still told of. Expires by TTL, with the last of
   * them.
   */
  formerProject: (project: string): Key => ({ pk: 'FORMER_PROJECTS', sk: project }),
  /** Describe and every move; ListModels reads them backwards: newest first. */
  model: ({ project, version }: ModelKey): Key => ({
    pk: ofProject(project),
    sk: `MODEL#${padded(version)}`,
  }),
  /** A model's runs, oldest first. */
  deployment: ({ project, version, id }: ModelKey & { readonly id: string }): Key => ({
    pk: ofProject(project),
    sk: `DEPLOYMENT#${padded(version)}#${id}`,
  }),
  /** A hosting policy of a project, or of one model. */
  policy: ({ project, version }: PolicyScope): Key => ({
    pk: ofProject(project),
    sk: `POLICY#${version === undefined ? '' : padded(version)}`,
  }),
  /**
   * A model's tags, all in one row: 200 of the longest are 300 KB, and a transaction could not hold 200 rows.
   */
  tags: ({ project, version }: ModelKey): Key => ({ pk: ofProject(project), sk: `TAGS#${padded(version)}` }),
  /** A dataset. Its entries are elsewhere, in a place of their own for each generation. */
  dataset: ({ project, type }: DatasetKey): Key => ({ pk: ofProject(project), sk: `DATASET#${type}` }),
  /** A packaging job; ListModelPackagingJobs reads them by name. */
  job: ({ project, name }: JobKey): Key => ({ pk: ofProject(project), sk: `JOB#${name}` }),
  /** One line of a dataset, at its position: listing reads on from any of them. */
  entry: (generation: string, position: number): Key => ({
    pk: places.entries(generation),
    sk: String(position).padStart(10, '0'),
  }),
  /**
   * A line of a generation that is being written, by the picture that it is about, so that all lines about
   * one are next to each other.
   */
  picture: (generation: string, picture: string, position: number): Key => ({
    pk: places.pictures(generation),
    sk: `${picture}#${String(position).padStart(10, '0')}`,
  }),
  /** A piece of what UpdateDatasetEntries was given. */
  changes: (operationId: string, index: number): Key => ({
    pk: places.changes(operationId),
    sk: String(index).padStart(5, '0'),
  }),
  /** What is to be removed from the table, when nobody can be reading or writing it any more. */
  discard: (id: string): Key => ({ pk: `DISCARD#${id}`, sk: 'DISCARD' }),
  /** Which packaging job writes a component, by the place of its recipe. Expires by TTL. */
  component: ({ bucket, key }: ObjectLocation): Key => ({
    pk: `COMPONENT#${bucket}/${key}`,
    sk: 'COMPONENT',
  }),
  /**
   * What a client token was used for. Expires by TTL, which is late by up to days: readers check `expiresAt`.
   */
  token: (operation: string, token: string): Key => ({ pk: `T#${operation}#${token}`, sk: 'TOKEN' }),
  /** What the stack has in use of an account-wide quota. */
  quota: (quota: 'RUNNING_MODELS' | 'PROJECTS' | 'TRAINING_JOBS' | 'PACKAGING_JOBS'): Key => ({
    pk: 'QUOTA',
    sk: quota,
  }),
};

export const prefixes = {
  projects: 'PROJECTS',
  formerProjects: 'FORMER_PROJECTS',
  models: (project: string) => ({ pk: ofProject(project), prefix: 'MODEL#' }),
  datasets: (project: string) => ({ pk: ofProject(project), prefix: 'DATASET#' }),
  jobs: (project: string) => ({ pk: ofProject(project), prefix: 'JOB#' }),
  policies: (project: string) => ({ pk: ofProject(project), prefix: 'POLICY#' }),
  /** Every run of a project's models, also of those that were deleted. */
  runs: (project: string) => ({ pk: ofProject(project), prefix: 'DEPLOYMENT#' }),
  deployments: ({ project, version }: ModelKey) => ({
    pk: ofProject(project),
    prefix: `DEPLOYMENT#${padded(version)}#`,
  }),
};

/**
 * The sparse index of rows that somebody must look at: `dueShard` stays on a row for its life, `dueAt` only
 * while it is due, and a row is in the index only while it has both. Four shards, so that one hot partition
 * does not bound how many models may move at once.
 */
export const dueIndex = {
  name: 'due',
  partition: 'dueShard',
  sort: 'dueAt',
  shards: ['0', '1', '2', '3'],
} as const;

/** The last character of an id is random, so the shards fill evenly. */
export const dueShard = (id: string): string => String(id.charCodeAt(id.length - 1) % dueIndex.shards.length);
