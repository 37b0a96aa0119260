import sharp from 'sharp';
import type { Picture } from './decode.ts';
import { pictureLimits } from './limits.ts';
import { requireFit } from './mask-fit.ts';
import type { AnomalyClass } from '../inference/artifact.ts';
import { MaskUnusable, TrainingFailed } from '../fitting/failures.ts';

/** An entry of a mask's colour map, as manifests have it. */
export interface MaskColour {
  readonly className: string;
  /** `#` and six hexadecimal digits, in any case. */
  readonly hexColor: string;
}

/** What patches show, row by row. */
export interface PatchLabels {
  /**
   * 0 for the background, else the number of the class from 1 on that covers most of the patch, however
   * little that is.
   */
  readonly kinds: Uint8Array;
  /**
   * How much of the patch it covers, 0 to 1; for a defect smaller than a patch, in proportion to what it
   * covers of any one.
   */
  readonly shares: Float32Array;
}

export const clean = (patches: number): PatchLabels => ({
  kinds: new Uint8Array(patches),
  shares: new Float32Array(patches),
});

/** Per patch the class that covers at least half of it, or 0: what a map is compared with. */
export const decided = ({ kinds, shares }: PatchLabels): Uint8Array =>
  kinds.map((kind, patch) => ((shares[patch] ?? 0) >= 0.5 ? kind : 0));

export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

const isBackground = (name: string): boolean => name.toLowerCase() === 'background';
const white = '#FFFFFF';

/**
 * Lists the anomaly types of all colour maps, in order of appearance, each with the colour it had first.
 * @throws TrainingFailed if two types share a colour, since masks and answers could not tell them apart
 */
export function listClasses(maps: Iterable<readonly MaskColour[]>): AnomalyClass[] {
  const classes = new Map<string, AnomalyClass>();
  for (const { className, hexColor } of [...maps].flat()) {
    if (isBackground(className) || classes.has(className)) continue;
    const twin = [...classes.values()].find(({ color }) => color.toUpperCase() === hexColor.toUpperCase());
    if (twin !== undefined)
      throw new TrainingFailed(
        `The anomaly types ${twin.name} and ${className} have the same colour ${hexColor}.`,
      );
    if (hexColor.toUpperCase() === white)
      throw new TrainingFailed(
        `The anomaly type ${className} has the colour ${white}, which is the background's.`,
      );
    classes.set(className, { name: className, color: hexColor });
  }
  return [...classes.values()];
}

/**
 * Reads a mask onto the grid of patches. A pixel belongs to a class if it is opaque (alpha above 127) and has
 * that class's colour: editors write smooth edges as alpha, and keep colours where alpha is 0. White is
 * background even where no map says so.
 *
 * Shares of a defect that fills no patch are scaled up, so that its fullest patch counts as full; otherwise
 * small defects would vanish.
 * @param id of the picture, for messages
 * @param picture what it lies on
 * @throws MaskUnusable if it is no PNG, does not fit the picture, or has a colour that is not in the map: the
 *   original service fails then as well
 */
export async function readMask(
  id: string,
  bytes: Uint8Array,
  map: readonly MaskColour[],
  classes: readonly AnomalyClass[],
  grid: Grid,
  picture: Pick<Picture, 'width' | 'height' | 'orientation'>,
): Promise<PatchLabels> {
  const { data, width, height } = await decodePng(id, bytes);
  const numbers = new Map<number, number>([[0xffffff, 0]]);
  for (const { className, hexColor } of map) {
    numbers.set(
      Number.parseInt(hexColor.slice(1), 16),
      isBackground(className) ? 0 : classes.findIndex(({ name }) => name === className) + 1,
    );
  }
  const cells = grid.columns * grid.rows;
  const covered = new Float64Array((classes.length + 1) * cells);
  const sizes = new Float64Array(cells);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.rows) / height) * grid.columns;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const cell = row + Math.floor((x * grid.columns) / width);
      sizes[cell] = (sizes[cell] ?? 0) + 1;
      if ((data[at + 3] ?? 0) <= 127) continue;
      const colour = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
      const number = numbers.get(colour);
      if (number === undefined) {
        throw MaskUnusable.of(
          id,
          `has the colour #${colour.toString(16).padStart(6, '0').toUpperCase()}, which its colour map ` +
            "doesn't list.",
        );
      }
      if (number > 0) covered[number * cells + cell] = (covered[number * cells + cell] ?? 0) + 1;
    }
  }
  // A blank one may be of any size: the dummies of AWS's own samples are.
  if (covered.some((count) => count > 0)) requireFit(id, { width, height }, picture);
  return measure(covered, sizes, classes.length);
}

function measure(covered: Float64Array, sizes: Float64Array, classes: number): PatchLabels {
  const cells = sizes.length;
  const labels = clean(cells);
  for (let number = 1; number <= classes; number++) {
    const shares = covered
      .subarray(number * cells, (number + 1) * cells)
      .map((count, cell) => count / Math.max(sizes[cell] ?? 1, 1));
    const most = shares.reduce((high, share) => Math.max(high, share), 0);
    if (most === 0) continue;
    shares.forEach((share, cell) => {
      if (share / most <= (labels.shares[cell] ?? 0)) return;
      labels.shares[cell] = share / most;
      labels.kinds[cell] = number;
    });
  }
  return labels;
}

async function decodePng(
  id: string,
  bytes: Uint8Array,
): Promise<{ data: Uint8Array; width: number; height: number }> {
  try {
    const image = sharp(bytes, { limitInputPixels: pictureLimits.maxSide ** 2 });
    const { format } = await image.metadata();
    if (format !== 'png') throw MaskUnusable.of(id, 'is not a PNG.');
    const { data, info } = await image
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof MaskUnusable) throw error;
    throw MaskUnusable.of(id, 'cannot be decoded as a PNG.', error);
  }
}

/** A picture's labels seen in a mirror: `across` swaps left and right, `down` top and bottom. */
export function mirrored(
  { kinds, shares }: PatchLabels,
  { columns, rows }: Grid,
  across: boolean,
  down: boolean,
): PatchLabels {
  const source = (cell: number): number => {
    const row = Math.floor(cell / columns);
    const column = cell % columns;
    return (down ? rows - 1 - row : row) * columns + (across ? columns - 1 - column : column);
  };
  return {
    kinds: kinds.map((_, cell) => kinds[source(cell)] ?? 0),
    shares: shares.map((_, cell) => shares[source(cell)] ?? 0),
  };
}
