import type { Log } from '../domain/ports.ts';
import { EngineFailed, type HostingEngine } from '../engines/engine.ts';
import type { Store } from '../store/store.ts';
import { metricLine } from './metrics.ts';

/**
 * The same engine, which also writes down how many units serve, whenever somebody looks: for a hosted model,
 * once a minute.
 */
export const meteredEngine = (
  engine: HostingEngine,
  stage: string,
  store: Store,
  write: (line: string) => void,
  now: () => number,
): HostingEngine => ({
  ...engine,
  async observe(deployment) {
    const seen = await engine.observe(deployment);
    if ((seen.state !== 'ready' && seen.state !== 'updating') || seen.unitsInService === undefined)
      return seen;
    const { model, id } = deployment;
    const units = (await store.deployments.get({ ...model, id }))?.units;
    write(
      metricLine(
        stage,
        {
          InServiceInferenceUnits: seen.unitsInService,
          ...(units !== undefined && { MinInferenceUnits: units.min }),
          ...(units?.max !== undefined && { MaxInferenceUnits: units.max }),
        },
        [{ ProjectName: model.project, ModelVersion: model.version }],
        now(),
      ),
    );
    return seen;
  },
});

/**
 * The same engine, which also writes down that the account's quota refused a unit: what comes of a refusal
 * later carries the message alone.
 */
export const tellingQuota = (engine: HostingEngine, log: Log): HostingEngine => ({
  ...engine,
  async create(spec) {
    try {
      await engine.create(spec);
    } catch (error) {
      if (error instanceof EngineFailed && error.quota)
        log.event('hosting.quota-refused', { deployment: spec.id, reason: error.message });
      throw error;
    }
  },
  async observe(deployment) {
    const seen = await engine.observe(deployment);
    if (seen.state === 'failed' && seen.quota === true)
      log.event('hosting.quota-refused', { deployment: deployment.id, reason: seen.reason });
    return seen;
  },
});
