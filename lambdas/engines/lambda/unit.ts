import sharp from 'sharp';
import { PictureRefused } from '../../domain/verdict.ts';
import { judgePicture } from '../../vision/inference/judge-picture.ts';
import { loadModel } from '../../vision/inference/model.ts';
import { decode } from '../../vision/pictures/decode.ts';
import type { UnitAnswer, UnitEvent } from './unit-protocol.ts';

export interface UnitOptions {
  /** The folder with the artifact's files. */
  readonly folder: string;
  readonly threads: number;
}

/**
 * An inference unit: what runs in an execution environment of a deployment's function. `ready` is awaited
 * while the environment initialises, so that one which is provisioned has its model loaded, and one whose
 * model does not load is refused by Lambda.
 */
export function serveUnit({ folder, threads }: UnitOptions): {
  readonly ready: Promise<unknown>;
  readonly handler: (event: UnitEvent) => Promise<UnitAnswer>;
} {
  sharp.cache(false);
  sharp.concurrency(threads);
  const loading = loadModel(folder, threads);
  return {
    ready: loading,
    async handler(event) {
      const model = await loading;
      if (event.kind === 'warmUp') return { kind: 'warm' };
      try {
        const picture = await decode(Buffer.from(event.picture, 'base64'), event.type);
        const { mask, ...verdict } = await judgePicture(model, picture);
        return {
          kind: 'verdict',
          verdict: { ...verdict, ...(mask !== undefined && { mask: Buffer.from(mask).toString('base64') }) },
        };
      } catch (error) {
        if (error instanceof PictureRefused) return { kind: 'refused', rule: error.message };
        throw error;
      }
    },
  };
}
