import { createEmbeddedEngine } from '../engines/process/engine.ts';
import { pictureLimits } from '../vision/pictures/limits.ts';
import { createEmbeddedTrainer } from '../engines/process/trainer.ts';
import type { EngineParts, LocalEngine, LocalTrainer } from './host.ts';

/**
 * The engine of a host that nobody told otherwise: inference in child processes, artifacts in the data
 * folder.
 */
export const embeddedEngine = ({
  objects,
  children,
  clock,
  log,
  cache,
  pictureBytes,
  artifacts,
}: EngineParts): LocalEngine =>
  createEmbeddedEngine({
    objects,
    children,
    clock,
    log,
    folder: cache,
    artifacts,
    limits: { ...pictureLimits, bytes: pictureBytes },
  });

export const embeddedTrainer = ({ objects, children, clock, log, artifacts }: EngineParts): LocalTrainer =>
  createEmbeddedTrainer({ objects, children, clock, log, artifacts });
