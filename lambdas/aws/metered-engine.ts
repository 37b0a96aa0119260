import type { HostingEngine } from '../engines/engine.ts';
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
