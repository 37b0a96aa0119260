import { readFile } from 'node:fs/promises';
import { awsLimits } from '../../lambdas/domain/settings.ts';
import { PictureRefused } from '../../lambdas/domain/verdict.ts';
import { decode } from '../../lambdas/vision/pictures/decode.ts';
import { drop, type DatasetType, type Finding } from './finding.ts';
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

/**
 * A stage in AWS takes smaller pictures in DetectAnomalies than it trains from, and cameras send what was
 * exported.
 * @returns one warning for all of a dataset's pictures
 */
export function checkDetectable(dataset: DatasetType, pictures: readonly Picture[]): Finding | undefined {
  const large = pictures.filter(({ bytes }) => bytes > awsLimits.picture);
  if (large.length === 0) return undefined;
  const largest = Math.max(...large.map(({ bytes }) => bytes));
  return {
    dataset,
    severity: 'warning',
    problem:
      `${large.length} of ${pictures.length} pictures have more than ${megabytes(awsLimits.picture)} MB, ` +
      `the largest ${megabytes(largest)}: models are trained from them, but DetectAnomalies in AWS refuses ` +
      'such a picture.',
    remedy:
      'See that cameras send smaller ones (JPEG, fewer pixels), or judge on a local host, which takes 8 MiB.',
  };
}

const megabytes = (bytes: number): string => (Math.ceil(bytes / 100_000) / 10).toFixed(1);

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
