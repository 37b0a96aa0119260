import { readFile } from 'node:fs/promises';
import type { Entry } from '../../lambdas/domain/manifest.ts';
import { TrainingFailed } from '../../lambdas/vision/fitting/failures.ts';
import { decode } from '../../lambdas/vision/pictures/decode.ts';
import { listClasses, readMask } from '../../lambdas/vision/pictures/masks.ts';
import type { Finding, Line } from './finding.ts';
import { withoutMasks } from './check-label.ts';
import { locate, type Located } from './layout.ts';
import { masksOf, segmentation, withMetadata } from './line.ts';
import { inspectPicture } from './picture.ts';

type Partial = Omit<Finding, 'dataset' | 'line'>;

const strip = { repair: withoutMasks } as const;
const redraw = 'Put the right file there; without its mask the line teaches nothing about where.';

/**
 * What is wrong with the mask of a line, by its picture and its colour map. `entry` is the line as it is
 * taken in.
 */
export async function checkMask(
  line: Line,
  entry: Entry,
  picture: Located,
  { folder, dataset }: { readonly folder: string; readonly dataset: 'train' | 'test' },
): Promise<Partial[]> {
  const [mask, ...others] = masksOf(line);
  if (mask === undefined) return [];
  const error = (problem: string, remedy: string): Partial => ({
    severity: 'error',
    problem,
    remedy,
    ...strip,
  });
  if (others.length > 0) return [error('The line has several masks.', 'Keep one.')];
  const { name, ref, metadata } = mask;
  const file = locate(folder, dataset, 'masks', ref);
  // The export copied masks called anomaly-mask-ref alone.
  if (file === undefined)
    return [error(`The mask ${ref} is not in ${dataset}/masks.`, 'Copy it there from the bucket.')];
  const drawn = await inspectPicture(file.path);
  if (drawn?.format !== 'png')
    return [
      error(
        `The mask ${file.key} is ` +
          `${drawn === undefined ? 'no picture' : `a ${drawn.format}, whatever it is called`}; it must be ` +
          'a PNG.',
        redraw,
      ),
    ];
  const findings: Partial[] = [];
  if (entry.mask === undefined)
    return [
      error(`${name}-metadata has no internal-color-map with a class-name and a hex-color each.`, 'Add it.'),
    ];
  if (entry.label === 'anomaly') {
    const map = entry.mask.classes.map(({ name: className, color: hexColor }) => ({ className, hexColor }));
    try {
      const { rgb: _, ...on } = await decode(await readFile(picture.path), undefined);
      const one = { columns: 1, rows: 1 };
      await readMask(picture.key, await readFile(file.path), map, listClasses([map]), one, on);
    } catch (problem) {
      if (!(problem instanceof TrainingFailed)) throw problem;
      findings.push(error(problem.message, redraw));
    }
  }
  if (metadata['type'] !== segmentation) {
    findings.push({
      severity: 'warning',
      problem: `The mask's type is ${JSON.stringify(metadata['type'])}.`,
      remedy: `It must be "${segmentation}".`,
      repair: (given) =>
        given[name] === undefined ? given : withMetadata(given, name, { type: segmentation }),
    });
  }
  if (!['yes', 'no'].includes(String(metadata['human-annotated']))) {
    findings.push({
      severity: 'warning',
      problem: `The mask's human-annotated is ${JSON.stringify(metadata['human-annotated'])}.`,
      remedy: 'It must be "yes" or "no".',
      repair: (given) =>
        given[name] === undefined ? given : withMetadata(given, name, { 'human-annotated': 'yes' }),
    });
  }
  return findings;
}
