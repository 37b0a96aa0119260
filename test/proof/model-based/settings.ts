import { defaultQuotas, localLimits, localRates, type Settings } from '../../../lambdas/domain/settings.ts';
import { datasetTime, limits } from './reference.ts';

/**
 * Milliseconds for which a function may run where functions have limits. A task's is ten seconds shorter than
 * the time until which its calls are believed to be able to arrive (`provision`), as in the stack: clocks may
 * differ by less than that. A laptop has no limits; but whoever writes without a fence (lines, objects), or
 * reads what others replace, does not sleep twice, for longer than anybody is believed to be at work, in the
 * middle of one request.
 */
export const timeLimits = { call: 29_000, task: 50_000, sweep: 50_000, training: 900_000, asleep: 120_000 };

/** Small enough for a history to reach the limits. */
export const settings: Settings = {
  stage: 'test',
  partition: 'aws',
  region: 'us-east-1',
  account: '111122223333',
  limits: localLimits,
  extensions: true,
  hostingPolicy: {},
  rates: localRates,
  buckets: ['*'],
  quotas: {
    ...defaultQuotas,
    projects: limits.projects,
    modelsPerProject: limits.models,
    runningModels: limits.running,
    unitsPerModel: 5,
    concurrentTrainings: limits.trainings,
    concurrentPackagingJobs: limits.jobs,
  },
  times: {
    delivery: 60,
    start: 600,
    import: datasetTime / 1000,
    train: 600,
    release: 300,
    provision: 60,
    health: 60,
  },
};
