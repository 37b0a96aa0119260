import type { ModelKey } from '../domain/model.ts';
import type { Key } from './expression.ts';

// Every key of the one table, each with the access that it is for. Versions are padded, so that they sort as numbers.

const padded = (version: string): string => version.padStart(10, '0');
const ofProject = (project: string): string => `P#${project}`;

export const keys = {
  /** Describe, and the counters that CreateModel and DeleteModel keep. All projects share a partition: ListProjects is one query. */
  project: (project: string): Key => ({ pk: 'PROJECTS', sk: project }),
  /** Describe and every move; ListModels reads them backwards: newest first. */
  model: ({ project, version }: ModelKey): Key => ({ pk: ofProject(project), sk: `MODEL#${padded(version)}` }),
  /** A model's runs, oldest first. */
  deployment: ({ project, version, id }: ModelKey & { readonly id: string }): Key => ({ pk: ofProject(project), sk: `DEPLOYMENT#${padded(version)}#${id}` }),
  /** A model's tags, all in one row: 200 of the longest are 300 KB, and a transaction could not hold 200 rows. */
  tags: ({ project, version }: ModelKey): Key => ({ pk: ofProject(project), sk: `TAGS#${padded(version)}` }),
  /** What a client token was used for. Expires by TTL, which is late by up to days: readers check `expiresAt`. */
  token: (operation: string, token: string): Key => ({ pk: `T#${operation}#${token}`, sk: 'TOKEN' }),
  /** What the stack has in use of an account-wide quota. */
  quota: (quota: 'RUNNING_MODELS' | 'PROJECTS'): Key => ({ pk: 'QUOTA', sk: quota }),
};

export const prefixes = {
  projects: 'PROJECTS',
  models: (project: string) => ({ pk: ofProject(project), prefix: 'MODEL#' }),
  deployments: ({ project, version }: ModelKey) => ({ pk: ofProject(project), prefix: `DEPLOYMENT#${padded(version)}#` }),
};

/**
 * The sparse index of rows that somebody must look at: `dueShard` stays on a row for its life, `dueAt` only while it is due, and a row is in
 * the index only while it has both. Four shards, so that one hot partition does not bound how many models may move at once.
 */
export const dueIndex = { name: 'due', partition: 'dueShard', sort: 'dueAt', shards: ['0', '1', '2', '3'] } as const;

/** The last character of an id is random, so the shards fill evenly. */
export const dueShard = (id: string): string => String(id.charCodeAt(id.length - 1) % dueIndex.shards.length);
