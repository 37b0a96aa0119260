import type { Clock } from '../../domain/ports.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { notTried, type ArtifactBytes } from '../artifact-check.ts';
import { isCrash } from '../child.ts';
import type { ArtifactCache } from './artifact-cache.ts';
import { UnitLost, type UnitProcess } from './unit-process.ts';

export interface TrialPorts {
  readonly clock: Clock;
  readonly cache: ArtifactCache;
  /** Starts a unit on the artifact in `folder`, which looks into the files first. */
  readonly start: (folder: string) => UnitProcess;
  /**
   * What a trial may use: milliseconds until the model is loaded and has judged a blank picture, and bytes of
   * memory.
   */
  readonly trial: { readonly load: number; readonly memory: number; readonly look: number };
}

/**
 * Has an artifact's files looked into and its graph tried: a graph may crash its runtime, never end, or fill
 * the memory, and whatever it does, it does it in a process of its own.
 * @returns what is wrong with the artifact, as clauses of one sentence
 * @throws UnitLost if the process ended for another reason: that says nothing about the artifact
 */
export async function checkArtifact(
  { cache, clock, trial, start }: TrialPorts,
  { graph, manifest }: ArtifactBytes,
): Promise<readonly string[]> {
  const folder = await cache.hold({ graph: [graph], manifest: [manifest] });
  const unit = start(folder);
  unit.limit({ time: trial.load, memory: trial.memory, look: trial.look, clock });
  try {
    await unit.loaded;
    return [];
  } catch (error) {
    if (error instanceof ArtifactUnfit) return error.problems;
    if (!(error instanceof UnitLost) || error.ending === undefined) throw error;
    const { ending } = error;
    if (ending.how === 'killed' && ending.over === 'time')
      return [notTried(`it did not load and judge a blank picture within ${trial.load} ms`)];
    if (ending.how === 'killed' && ending.over === 'memory')
      return [notTried(`${ending.reason}; export a smaller model`)];
    if (isCrash(ending)) return [notTried(`it crashes its runtime: ${ending.reason}`)];
    throw error;
  } finally {
    unit.kill('the trial is over');
    await unit.ended;
    await cache.release(folder);
  }
}
