import { createEmbeddedEngine } from '../hosting/embedded/engine.ts';
import { pictureLimits } from '../hosting/embedded/limits.ts';
import type { EngineParts, LocalEngine } from './host.ts';

/** The engine of a host that nobody told otherwise: inference in child processes, artifacts in the data folder. */
export const embeddedEngine = ({ objects, children, clock, log, cache, pictureBytes }: EngineParts): LocalEngine =>
  createEmbeddedEngine({
    objects, children, clock, log, folder: cache, artifacts: { bucket: 'crowsnest-artifacts', prefix: '' }, limits: { ...pictureLimits, bytes: pictureBytes },
  });
