import type { Clock } from '../../domain/ports.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { fileProblems, notTried, type ArtifactBytes } from '../artifact-check.ts';
import type { ArtifactCache } from './artifact-cache.ts';
import type { UnitProcess } from './unit-process.ts';

export interface TrialPorts {
  readonly clock: Clock;
  readonly cache: ArtifactCache;
  /** Starts a unit on the artifact in `folder`. */
  start(folder: string): UnitProcess;
  /**
   * What a trial may use: milliseconds until the model is loaded and has judged a blank picture, and bytes of
   * memory.
   */
  readonly trial: { readonly load: number; readonly memory: number; readonly look: number };
}

/** Looks into an artifact's files, and if they are in order loads it in a process of its own. */
export async function checkArtifact(ports: TrialPorts, artifact: ArtifactBytes): Promise<readonly string[]> {
  const problems = fileProblems(artifact);
  return problems.length > 0 ? problems : tryArtifact(ports, artifact);
}

/**
 * A graph may crash its runtime, never end, or fill the memory: whatever it does, it does it in a process of
 * its own.
 */
async function tryArtifact(ports: TrialPorts, artifact: ArtifactBytes): Promise<readonly string[]> {
  const { cache, clock, trial } = ports;
  const folder = await cache.hold(artifact);
  const unit = ports.start(folder);
  const trying = { over: false };
  void unit.ended.then(() => {
    trying.over = true;
  });
  const watch = (async () => {
    for (let spent = 0; !trying.over; spent += trial.look) {
      if (spent > trial.load) unit.kill(`it did not load and judge a blank picture within ${trial.load} ms`);
      if (unit.memory() > trial.memory)
        unit.kill(`it used more than ${Math.round(trial.memory / 1024 / 1024)} MB of memory`);
      await clock.sleep(trial.look);
    }
  })();
  try {
    await unit.loaded;
    return [];
  } catch (error) {
    return error instanceof ArtifactUnfit ? error.problems : [notTried((error as Error).message)];
  } finally {
    unit.kill('the trial is over');
    await unit.ended;
    await watch;
    await cache.release(folder);
  }
}
