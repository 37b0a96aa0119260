import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Log } from '../../lambdas/domain/ports.ts';
import { createEmbeddedEngine, type EmbeddedEngine } from '../../lambdas/engines/process/engine.ts';
import type { PoolOptions } from '../../lambdas/engines/process/pool-options.ts';
import type { DeploymentSpec } from '../../lambdas/engines/engine.ts';
import type { Units } from '../../lambdas/domain/model.ts';
import { json, MemoryObjects } from './artifacts.ts';

export const clock: Clock = { now: Date.now, sleep: (milliseconds) => sleep(milliseconds) };
export const silent: Log = {
  info: () => undefined,
  event: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
};

export interface Bench {
  readonly engine: EmbeddedEngine;
  readonly objects: MemoryObjects;
  /** The process ids of the units that live, oldest first. */
  readonly pids: Set<number>;
  /** Those of all that were ever started. */
  readonly started: readonly number[];
  /** Puts an artifact where the engine keeps imported ones, and returns what creates a deployment of it. */
  deployment(id: string, graph: Uint8Array, manifest: unknown, units: Units): DeploymentSpec;
  ready(spec: DeploymentSpec): Promise<void>;
  /** Where the local copies of artifacts are. */
  readonly folder: string;
  /** What is in it. */
  leftovers(): Promise<string[]>;
  end(): Promise<void>;
}

export async function openBench(
  pool: Partial<PoolOptions> = {},
  options: { readonly node?: string } = {},
): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-engine-'));
  const objects = new MemoryObjects();
  const pids = new Set<number>();
  const started: number[] = [];
  const engine = createEmbeddedEngine({
    objects,
    clock,
    log: silent,
    folder,
    artifacts: { bucket: 'kept', prefix: 'models/' },
    pool: { look: 20, ...pool },
    ...options,
    children: {
      register: (pid) => {
        pids.add(pid);
        started.push(pid);
      },
      unregister: (pid) => pids.delete(pid),
    },
  });
  return {
    engine,
    objects,
    pids,
    started,
    folder,
    leftovers: () => readdir(folder),
    deployment(id, graph, manifest, units) {
      objects.objects.set(`kept/${id}/model.onnx`, graph);
      objects.objects.set(`kept/${id}/model.json`, json(manifest));
      return {
        id,
        model: { project: 'parts', version: '1' },
        units,
        source: {},
        artifact: { bucket: 'kept', prefix: `${id}/` },
      };
    },
    ready: (spec) =>
      until(async () => {
        const seen = await engine.observe(spec);
        if (seen.state === 'failed') throw new Error(seen.reason);
        return seen.state === 'ready' && (seen.unitsInService ?? 0) >= spec.units.min;
      }),
    async end() {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits, in small steps, until `holds`; a test that waits in vain is ended by its own time limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(10);
}
