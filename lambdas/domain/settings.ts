import type { Rates } from '../contract/runs.ts';
import type { Home } from './arns.ts';
import type { DatasetType } from './dataset.ts';
import type { HostingPolicy } from './hosting-policy.ts';

/**
 * Everything in which one stage differs from another, at run time. Times are seconds unless a name says
 * otherwise.
 */
export interface Settings extends Home {
  /** `[a-z0-9]{1,8}`: part of every name that we give an engine. */
  readonly stage: string;
  readonly quotas: Quotas;
  readonly limits: Limits;
  /** Whether operations that the original service did not have are served. */
  readonly extensions: boolean;
  /**
   * The buckets that callers may name, anywhere; nobody borrows our rights for another. `*` is for a laptop.
   */
  readonly buckets: readonly string[];
  readonly times: Times;
  /**
   * What holds for a model where no hosting policy of its own or of its project says otherwise; 0 is none.
   */
  readonly hostingPolicy: Pick<HostingPolicy, 'MaxRunMinutes' | 'IdleStopMinutes'>;
  /** What inference units cost. */
  readonly rates: Rates;
}

export interface Quotas {
  readonly projects: number;
  readonly modelsPerProject: number;
  readonly runningModels: number;
  readonly unitsPerModel: number;
  readonly concurrentTrainings: number;
  readonly concurrentPackagingJobs: number;
}

/** Sizes in bytes. */
export interface Limits {
  readonly picture: number;
  /** Of a request body as it travels, which holds blobs in base64. */
  readonly body: number;
  /** The `Changes` of UpdateDatasetEntries, before base64. */
  readonly changes: number;
  /** How many images a dataset of each type may hold. */
  readonly images: Readonly<Record<DatasetType, number>>;
}

export interface Times {
  /**
   * Between a commit and the moment at which the sweep delivers it, should nobody have done so; also the
   * margin of every lease.
   */
  readonly delivery: number;
  /** How long a start may take; and an import: of a model, of a dataset's entries. */
  readonly start: number;
  readonly import: number;
  /** How long a training may take, its evaluation included. */
  readonly train: number;
  /**
   * After this a stop or a delete, which cannot fail, says in its StatusMessage that it takes unusually long.
   */
  readonly release: number;
  /** The time limit of the task that makes the engine's resources: its calls may arrive that late. */
  readonly provision: number;
  /** Between two looks at a hosted deployment. */
  readonly health: number;
}

/** The original service's defaults and its codes for them. */
export const quotaCodes = {
  projects: 'L-64685F61',
  modelsPerProject: 'L-1B1011CA',
  runningModels: 'L-82DA2ABD',
  unitsPerModel: 'L-84E8C9F8',
  concurrentTrainings: 'L-2489F742',
  concurrentPackagingJobs: 'L-A2F581AB',
} as const satisfies Record<keyof Quotas, string>;

/**
 * What to do about a quota, in words that can be followed: there is nobody at AWS to ask. A local host has
 * its quotas from the variable, a stage from its settings.
 */
export const raiseQuota = (quota: keyof Quotas): string =>
  `raise ${quota} in the quotas of this deployment (QUOTAS of a local host)`;

export const defaultQuotas: Quotas = {
  projects: 100,
  modelsPerProject: 100,
  runningModels: 2,
  unitsPerModel: 5,
  concurrentTrainings: 2,
  concurrentPackagingJobs: 3,
};

/** The original service's limits. */
const images = { train: 16_000, test: 4000 } as const;

/** A proxied Lambda event holds 6 MB, with bytes in base64: 4.4 MB of a picture, or of changes. */
export const awsLimits: Limits = { picture: 4_400_000, body: 6_000_000, changes: 4_400_000, images };
/** What the original took; 10 MiB of changes are 14 MB of JSON. */
export const localLimits: Limits = {
  picture: 8 * 1024 * 1024,
  body: 14_100_000,
  changes: 10 * 1024 * 1024,
  images,
};

/** A laptop's processes cost nothing by the hour that anybody could know, unless `PRICES` says so. */
export const localRates: Rates = { currency: 'USD', onnx: { engine: 'process', unit: 'process' } };
