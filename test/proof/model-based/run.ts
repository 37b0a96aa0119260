import fc from 'fast-check';
import { startDatabase } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import { histories } from './commands.ts';
import { live } from './history.ts';

export interface Explored {
  readonly histories: number;
  readonly steps: number;
  /** What a person needs to see the same failure again. */
  readonly failure?: string;
}

/**
 * Lives through random histories for so many milliseconds, or through the one that `seed` and `path` name.
 */
export async function explore(
  milliseconds: number,
  replay: { readonly seed?: number; readonly path?: string } = {},
): Promise<Explored> {
  const database = await startDatabase(undefined, { register: () => undefined, unregister: () => undefined });
  const client = documentClient(database);
  let lived = 0;
  let steps = 0;
  try {
    const found = await fc.check(
      fc.asyncProperty(histories, async (history) => {
        // a path leads on to what it would have been shrunk to next
        if (replay.path !== undefined && lived > 0) return;
        steps += (await live(client, history)).steps;
        lived += 1;
      }),
      {
        numRuns: replay.path === undefined ? 1_000_000 : 1,
        endOnFailure: replay.path !== undefined,
        markInterruptAsFailure: false,
        ...replay,
        ...(replay.path === undefined && { interruptAfterTimeLimit: milliseconds }),
      },
    );
    const { failed, seed, counterexamplePath, errorInstance, counterexample } = found;
    const history = JSON.stringify(counterexample, (key, value: unknown) =>
      key === '__proto__' ? undefined : value,
    );
    return {
      histories: lived,
      steps,
      ...(failed && {
        failure:
          `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}\nhistory: ${history}\n` +
          `again: npm run chaos -- --only histories --seed ${seed} --path ${counterexamplePath ?? ''}`,
      }),
    };
  } finally {
    client.destroy();
    await database.close();
  }
}
