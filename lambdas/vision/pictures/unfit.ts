import { MaskUnusable, MixedSizes, PicturesUnfit, type TrainingFailed } from '../fitting/failures.ts';
import { sizeText, type StoredSize } from './size-text.ts';

/** How a picture is called in messages. */
interface NamedPicture {
  readonly id: string;
  /** Where its line is, as in "line 7 of the train dataset". */
  readonly place?: string;
}

/** What a look at one picture of a training found. */
export interface Looked {
  readonly picture: NamedPicture;
  readonly size?: StoredSize;
  /** What keeps the picture from being used, naming it. */
  readonly wrong?: string;
  /** What is wrong with its mask, naming it. */
  readonly wrongMask?: string;
}

/** How many are named in the message, which ends in a model's status. */
export const named = 5;

const remedy = 'Replace what is named, or take its lines out of the dataset; then train again.';

const keyOf = ({ width, height }: StoredSize): string => `${width}x${height}`;

/** The size that most have, which all pictures of a project must have. */
export function usualSize<S extends StoredSize>(sizes: readonly S[]): S | undefined {
  const counts = new Map<string, number>();
  for (const size of sizes) counts.set(keyOf(size), (counts.get(keyOf(size)) ?? 0) + 1);
  const [usual] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  return sizes.find((size) => keyOf(size) === usual);
}

const told = ({ place }: NamedPicture, problem: string): string =>
  place === undefined ? problem : `${place.charAt(0).toUpperCase()}${place.slice(1)}: ${problem}`;

/**
 * Judges the pictures of a training together, by the same rules for every trainer.
 * @returns undefined if all are fit; else MixedSizes, MaskUnusable or PicturesUnfit, the message naming the
 *   first of them, `details` each
 */
export function unfitOf(looked: readonly Looked[]): TrainingFailed | undefined {
  const usual = usualSize(looked.flatMap(({ size }) => (size === undefined ? [] : [size])));
  const wrong = looked.flatMap(({ picture, wrong: problem }) =>
    problem === undefined ? [] : [told(picture, problem)],
  );
  const odd = looked.flatMap(({ picture, size }) =>
    size === undefined || usual === undefined || keyOf(size) === keyOf(usual)
      ? []
      : [told(picture, `${picture.id}: The picture is ${sizeText(size)}; most are ${sizeText(usual)}.`)],
  );
  const masks = looked.flatMap(({ picture, wrongMask }) =>
    wrongMask === undefined ? [] : [told(picture, wrongMask)],
  );
  const details = [...wrong, ...odd, ...masks];
  if (details.length === 0) return undefined;
  const more = details.length > named ? ` And ${details.length - named} more.` : '';
  const text = `${details.slice(0, named).join(' ')}${more} ${remedy}`;
  const failure =
    odd.length > 0
      ? new MixedSizes(` ${text}`)
      : wrong.length === 0
        ? new MaskUnusable(text)
        : new PicturesUnfit(text);
  return Object.assign(failure, { details });
}
