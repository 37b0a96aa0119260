import { readFile } from 'node:fs/promises';
import { PictureRefused } from '../../lambdas/domain/verdict.ts';
import { decode } from '../../lambdas/vision/pictures/decode.ts';
import { drop, type Finding } from './finding.ts';
import type { Picture } from './picture.ts';

type Partial = Omit<Finding, 'dataset' | 'line'>;

/** What the service would say of a picture by itself: the same code judges it. */
export async function checkPicture(key: string, path: string): Promise<Partial | undefined> {
  try {
    await decode(await readFile(path), undefined);
    return undefined;
  } catch (error) {
    if (!(error instanceof PictureRefused)) throw error;
    const remedy = /each side must have|at most/.test(error.message)
      ? 'Let --shrink write a copy of the whole set, or take the line out.'
      : 'It must be a whole JPEG or PNG: convert it or copy it again, or take the line out.';
    return { severity: 'error', problem: `${key}: ${error.message}`, remedy, repair: drop };
  }
}

export const sizeOf = ({ width, height }: Picture): string => `${width}x${height}`;

export const checkSize = (key: string, picture: Picture, usual: string): Partial | undefined =>
  sizeOf(picture) === usual
    ? undefined
    : {
        severity: 'error',
        problem:
          `${key} has ${sizeOf(picture)} pixels; most have ${usual}, and all pictures of a project must ` +
          'have the same.',
        remedy: 'Take the line out, or the picture again.',
        repair: drop,
      };
