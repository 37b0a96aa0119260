import { PictureRefused } from '../../domain/verdict.ts';
import { checkStopped, TrainingFailed } from '../fitting/failures.ts';
import { decode } from './decode.ts';
import { listClasses, readMask } from './masks.ts';
import type { LabelledPicture } from './training-pictures.ts';
import { unfitOf, type Looked } from './unfit.ts';

/** Looks at one picture and its mask by the rules of training. */
async function look(picture: LabelledPicture): Promise<Looked> {
  const { id, label, mask } = picture;
  try {
    const { rgb: _, ...size } = await decode(await picture.load(), undefined);
    if (label === 'normal' || mask === undefined) return { picture, size };
    const one = { columns: 1, rows: 1 };
    const wrongMask = await mask
      .load()
      .then((bytes) => readMask(id, bytes, mask.colours, listClasses([mask.colours]), one, size))
      .then(() => undefined, problemOf);
    return { picture, size, ...(wrongMask !== undefined && { wrongMask }) };
  } catch (error) {
    return {
      picture,
      wrong: error instanceof PictureRefused ? `${id}: ${error.message}` : problemOf(error),
    };
  }
}

/** @throws whatever is not for the user to put right */
function problemOf(error: unknown): string {
  if (error instanceof TrainingFailed) return error.message;
  throw error;
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
  const looked: Looked[] = [];
  for (const picture of pictures) {
    checkStopped(signal);
    looked.push(await look(picture));
    progress(looked.length / pictures.length);
  }
  const unfit = unfitOf(looked);
  if (unfit !== undefined) throw unfit;
}
