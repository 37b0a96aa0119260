import { PictureRefused } from '../../domain/verdict.ts';
import {
  checkStopped,
  MaskUnusable,
  MixedSizes,
  PicturesUnfit,
  TrainingFailed,
} from '../fitting/failures.ts';
import { decode, sizeText, type Picture } from './decode.ts';
import { listClasses, readMask } from './masks.ts';
import type { LabelledPicture } from './training-pictures.ts';

type Found = Pick<Picture, 'width' | 'height' | 'orientation'>;

/** How many are named in the message, which ends in a model's status. */
const named = 5;

/** The size that most have, which all pictures of a project must have. */
function usualSize(sizes: readonly Found[]): Found | undefined {
  const counts = new Map<string, number>();
  const keyOf = ({ width, height }: Found): string => `${width}x${height}`;
  for (const size of sizes) counts.set(keyOf(size), (counts.get(keyOf(size)) ?? 0) + 1);
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  return sizes.find((size) => keyOf(size) === usual);
}

/**
 * Looks at one picture and its mask by the rules of training.
 * @returns what the picture is like, and what is wrong with its mask
 * @throws PictureRefused
 */
async function checkPicture(
  picture: LabelledPicture,
): Promise<{ readonly found: Found; readonly wrong?: string }> {
  const { rgb: _, ...found } = await decode(await picture.load(), undefined);
  const { id, label, mask } = picture;
  if (label === 'normal' || mask === undefined) return { found };
  try {
    const one = { columns: 1, rows: 1 };
    await readMask(id, await mask.load(), mask.colours, listClasses([mask.colours]), one, found);
    return { found };
  } catch (error) {
    if (error instanceof TrainingFailed) return { found, wrong: error.message };
    throw error;
  }
}

/**
 * Looks at all pictures and masks before anything is learnt from them, so that all that are unfit are told at
 * once.
 * @throws MixedSizes, MaskUnusable or PicturesUnfit, the message naming the first of them, `details` each
 */
export async function checkPictures(
  pictures: readonly LabelledPicture[],
  signal?: AbortSignal,
  progress: (done: number) => void = () => undefined,
): Promise<void> {
  const wrong: string[] = [];
  const masks: string[] = [];
  const sizes: { readonly id: string; readonly found: Found }[] = [];
  for (const [at, picture] of pictures.entries()) {
    checkStopped(signal);
    try {
      const { found, wrong: ofMask } = await checkPicture(picture);
      sizes.push({ id: picture.id, found });
      if (ofMask !== undefined) masks.push(ofMask);
    } catch (error) {
      if (!(error instanceof PictureRefused || error instanceof TrainingFailed)) throw error;
      wrong.push(error instanceof PictureRefused ? `${picture.id}: ${error.message}` : error.message);
    }
    progress((at + 1) / pictures.length);
  }
  const usual = usualSize(sizes.map(({ found }) => found));
  const odd = sizes
    .filter(({ found }) => found.width !== usual?.width || found.height !== usual.height)
    .map(
      ({ id, found }) => `${id}: The picture is ${sizeText(found)}; most are ${sizeText(usual ?? found)}.`,
    );
  const details = [...wrong, ...odd, ...masks];
  if (details.length === 0) return;
  const more = details.length > named ? ` And ${details.length - named} more; the log names them all.` : '';
  const text = `${details.slice(0, named).join(' ')}${more}`;
  throw Object.assign(failureOf(text, { wrong, odd, masks }), { details });
}

function failureOf(
  text: string,
  { wrong, odd, masks }: Readonly<Record<'wrong' | 'odd' | 'masks', readonly string[]>>,
): TrainingFailed {
  if (odd.length > 0) return new MixedSizes(` ${text}`);
  if (wrong.length === 0 && masks.length > 0) return new MaskUnusable(text);
  return new PicturesUnfit(text);
}
