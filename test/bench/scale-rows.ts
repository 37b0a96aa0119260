import { dispatch } from '../../lambdas/http/pipeline.ts';
import { startDatabase } from '../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../lambdas/local/table-client.ts';
import { readHandlers } from '../../lambdas/operations/handlers.ts';
import { systemClock as clock } from '../../lambdas/domain/clock-and-ids.ts';
import { Store } from '../../lambdas/store/store.ts';
import { sweep } from '../../lambdas/workflows/sweep/sweep.ts';
import { silent } from '../helpers/engine.ts';
import { MemoryObjects } from '../helpers/artifacts.ts';
import { ScriptedTrainer } from '../helpers/scripted-trainer.ts';
import { ScriptedEngine } from '../helpers/scripted-engine.ts';
import { atMost, compare, medianOf, type Result } from './measure.ts';
import { seed, settings } from './rows.ts';

const bound = 1.2;

/**
 * What a call costs in a table of 100,000 models, against one of 100. Projects have 100 models in both, as
 * many as the quota lets them have.
 */
export async function rowBenchmarks(): Promise<Result[]> {
  const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database);
  try {
    const sizes = { many: 1000, few: 1 };
    for (const [table, projects] of Object.entries(sizes)) {
      await ensureTable(client, table);
      await seed(client, table, projects, 100);
    }
    const engine = new ScriptedEngine();
    const measured = (
      name: string,
      calls: number,
      work: (store: Store, projects: number, index: number) => Promise<unknown>,
    ): Promise<Result> => {
      const of = (table: keyof typeof sizes) => (): Promise<number> => {
        const store = new Store(client, table, clock);
        return medianOf(calls, (index) => work(store, sizes[table], index));
      };
      return compare(
        { name, unit: 'ms', goal: `<= ${bound}`, meets: atMost(bound) },
        12,
        of('many'),
        of('few'),
      );
    };
    const read = async (
      store: Store,
      name: 'DescribeModel' | 'ListModels',
      labels: Record<string, string>,
    ): Promise<void> => {
      const { status } = await dispatch(
        { handlers: readHandlers, context: { settings, clock, store, log: silent } },
        name,
        { labels, query: [], headers: {}, body: new Uint8Array() },
        { requestId: 'bench', log: silent, caller: () => ({ name: 'bench' }) },
      );
      if (status !== 200) throw new Error(`${name} was answered ${status}`);
    };
    const objects = new MemoryObjects();
    return [
      await measured('scale-rows-describe', 60, (store, projects, index) =>
        read(store, 'DescribeModel', {
          projectName: `p${(index * 7919) % projects}`,
          modelVersion: String(1 + (index % 100)),
        }),
      ),
      await measured('scale-rows-list', 15, (store, projects, index) =>
        read(store, 'ListModels', { projectName: `p${(index * 7919) % projects}` }),
      ),
      await measured('scale-rows-sweep', 40, (store) =>
        sweep({
          settings,
          clock,
          store,
          engine,
          importer: engine,
          objects,
          trainer: new ScriptedTrainer(objects),
          log: silent,
          runner: { start: () => Promise.resolve('started' as const) },
          models: { stop: () => Promise.resolve(false), start: () => Promise.resolve(undefined) },
        }),
      ),
    ];
  } finally {
    client.destroy();
    await database.close();
  }
}
