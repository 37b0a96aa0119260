import type { Finding, Line } from './finding.ts';
import { withoutMasks } from './check-label.ts';
import { locate } from './layout.ts';
import { colourMap, masksOf, segmentation, withMetadata } from './line.ts';
import { coloursOf, inspectPicture, type Picture } from './picture.ts';

type Partial = Omit<Finding, 'dataset' | 'line'>;

const strip = { repair: withoutMasks } as const;
const redraw = 'Put the right file there; without its mask the line teaches nothing about where.';

/** What is wrong with the mask of a line, by its picture and its colour map. */
export async function checkMask(
  line: Line,
  picture: Picture,
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
        `The mask ${file.key} is ${drawn === undefined ? 'no picture' : `a ${drawn.format}, whatever it is called`}; it must be a PNG.`,
        redraw,
      ),
    ];
  const colours = colourMap(mask);
  if (colours === undefined)
    return [
      error(`${name}-metadata has no internal-color-map with a class-name and a hex-color each.`, 'Add it.'),
    ];
  const findings: Partial[] = [];
  // The dummy of a normal line may be of any size; AWS's own is.
  const unknown = [...(await coloursOf(file.path))].filter(
    (colour) => !colours.some(({ hex }) => hex === colour),
  );
  const blank = unknown.length === 0 && colours.every(({ name: of }) => of.toUpperCase() === 'BACKGROUND');
  if (!blank && (drawn.width !== picture.width || drawn.height !== picture.height)) {
    findings.push(
      error(
        `The mask ${file.key} has ${drawn.width}x${drawn.height} pixels, its picture ${picture.width}x${picture.height}.`,
        redraw,
      ),
    );
  }
  if (unknown.length > 0) {
    const shown = unknown.slice(0, 5).join(', ');
    findings.push(
      error(
        `The mask ${file.key} has ${unknown.length === 1 ? 'a colour' : `${unknown.length} colours`} that its map lacks: ${shown}.`,
        'Add them to the internal-color-map, or draw the mask without shades.',
      ),
    );
  }
  if (metadata['type'] !== segmentation) {
    findings.push({
      severity: 'error',
      problem: `The mask's type is ${JSON.stringify(metadata['type'])}.`,
      remedy: `It must be "${segmentation}".`,
      repair: (given) =>
        given[name] === undefined ? given : withMetadata(given, name, { type: segmentation }),
    });
  }
  if (!['yes', 'no'].includes(String(metadata['human-annotated']))) {
    findings.push({
      severity: 'error',
      problem: `The mask's human-annotated is ${JSON.stringify(metadata['human-annotated'])}.`,
      remedy: 'It must be "yes" or "no".',
      repair: (given) =>
        given[name] === undefined ? given : withMetadata(given, name, { 'human-annotated': 'yes' }),
    });
  }
  return findings;
}
