import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteModelCommand,
  StartModelCommand,
  StopModelCommand,
  type DescribeModelRequest,
} from '@aws-sdk/client-lookoutvision';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { scan } from '../../lambdas/local/execution-memory.ts';
import { keys } from '../../lambdas/store/keys.ts';
import type { ScriptedEngine } from './scripted-engine.ts';
import type { World } from './world.ts';

/** A model as requests name it. */
export type Named = {
  readonly [Member in keyof DescribeModelRequest]-?: NonNullable<DescribeModelRequest[Member]>;
};

export const start = (
  world: World,
  model: Named,
  units: { MinInferenceUnits?: number; MaxInferenceUnits?: number } = {},
) => world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ...units }));
export const stop = (world: World, model: Named) => world.client.send(new StopModelCommand(model));
export const drop = (world: World, model: Named) => world.client.send(new DeleteModelCommand(model));

export async function hosted(world: World): Promise<Named> {
  const model = await world.trained();
  await start(world, model);
  await world.settle();
  return model;
}

export const statusOf = async (world: World, model: Named): Promise<string | undefined> =>
  (await world.describe(model)).Status;

/** The row behind the description. */
export async function rowOf(world: World, model: Named) {
  const row = await world.store.models.get(keyOf(model));
  if (row === undefined) throw new Error(`there is no model ${model.ModelVersion}`);
  return row;
}

export const keyOf = ({ ProjectName: project, ModelVersion: version }: Named) => ({ project, version });

/** The next attempt takes the operation over behind everybody's back. */
export async function supersede(world: World, model: Named): Promise<void> {
  await world.dynamo.client.send(
    new UpdateCommand({
      TableName: world.tableName,
      Key: keys.model(keyOf(model)),
      UpdateExpression: 'ADD operation.attempt :one',
      ExpressionAttributeValues: { ':one': 1 },
    }),
  );
}

/** Everything that the table holds but the memory of tokens, in order. */
export async function rowsOf(world: World): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const row of scan(world.dynamo.client, world.tableName))
    if (!String(row['pk']).startsWith('T#')) rows.push(row);
  const place = (row: Record<string, unknown>): string => `${String(row['pk'])} ${String(row['sk'])}`;
  return rows.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Waits, in small steps, until `holds`; a test that waits in vain is ended by its own time limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5);
}

const holding = new Set<() => void>();

/**
 * Lets everybody go who is still held, and closes the world: an interpreter does not end while one of its
 * tasks is at work.
 */
export async function close(world: World): Promise<void> {
  for (const letGo of holding) letGo();
  holding.clear();
  await world.close();
}

export interface Held {
  /** Resolves when the call has come, and waits. */
  readonly reached: Promise<void>;
  letGo(): void;
}

/** Holds the next call of a kind just before it takes effect, as a network may; the calls after it pass. */
export function hold(engine: ScriptedEngine, which: Parameters<ScriptedEngine['before']>[0]): Held {
  const reached = Promise.withResolvers<undefined>();
  const free = Promise.withResolvers<undefined>();
  const others = engine.before;
  let taken = false;
  engine.before = async (call, id) => {
    if (call !== which || taken) return others(call, id);
    taken = true;
    reached.resolve(undefined);
    await free.promise;
  };
  const letGo = (): void => {
    free.resolve(undefined);
  };
  holding.add(letGo);
  return { reached: reached.promise, letGo };
}
