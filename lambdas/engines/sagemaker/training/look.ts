import { locationOf } from '../../../domain/locations.ts';
import { LocationRefused, type ObjectStore } from '../../../domain/ports.ts';
import { PictureRefused } from '../../../domain/verdict.ts';
import { MaskUnusable } from '../../../vision/fitting/failures.ts';
import { readHead, type Head } from '../../../vision/pictures/content.ts';
import { pictureLimits } from '../../../vision/pictures/limits.ts';
import { requireFit } from '../../../vision/pictures/mask-fit.ts';
import { unfitOf, type Looked } from '../../../vision/pictures/unfit.ts';
import { EngineFailed } from '../../engine.ts';
import { readExamples, type TrainingExample, type TrainingRef, type TrainingSpec } from '../../trainer.ts';
import { missingImage, refusedImage } from '../../training/missing-image.ts';
import { messageOf } from '../../training/unfit-list.ts';
import { usable } from './manifest.ts';
import { MaskUnreadable, readClasses } from './masks.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { lookedAt, readJson, writeJson } from './workspace.ts';

/** How many pictures are looked at at a time. */
const atOnce = 32;

/**
 * What the first bytes of a picture say, and what is wrong with its mask; or what keeps it from being used.
 */
type Look = (Head & { readonly wrongMask?: string }) | { readonly wrong: string };

/** Of the pictures to learn from and then those to judge by, in the order of the examples. */
interface LookedAt {
  readonly looks: readonly Look[];
}

/**
 * Looks at the first bytes of every picture, and reads every mask that the training will use: content says
 * what a file is, never its name. All that are unfit are told at once, before an hour of training is paid
 * for. Goes on where the call before this one left off.
 * @param until epoch milliseconds
 * @returns the types of the test pictures in the order of the examples; undefined if there was no time for
 *   all
 * @throws EngineFailed naming the pictures that are not there, are no pictures, or differ in size from most
 */
export async function lookAtPictures(
  options: SageMakerTrainerOptions,
  training: TrainingSpec,
  until: number,
): Promise<readonly Head['type'][] | undefined> {
  const { objects, clock } = options;
  const [train, test] = [
    usable(await readExamples(objects, training.examples.train), training),
    await readExamples(objects, training.examples.test),
  ];
  const examples = [...train, ...test];
  let { looks } = (await readJson<LookedAt>(objects, lookedAt(training))) ?? { looks: [] };
  if (looks.length < examples.length) {
    while (looks.length < examples.length && clock.now() <= until) {
      const group = examples.slice(looks.length, looks.length + atOnce);
      looks = [
        ...looks,
        ...(await Promise.all(group.map((example) => look(objects, example, training.segmentation)))),
      ];
    }
    await writeJson(objects, lookedAt(training), { looks } satisfies LookedAt);
    if (looks.length < examples.length) return undefined;
  }
  await requireUsable(options, training, examples, looks);
  return looks.slice(train.length).flatMap((each) => ('type' in each ? [each.type] : []));
}

/** @throws EngineFailed */
async function requireUsable(
  { objects }: SageMakerTrainerOptions,
  training: TrainingRef,
  examples: readonly TrainingExample[],
  looks: readonly Look[],
): Promise<void> {
  const unfit = unfitOf(
    examples.flatMap(({ source, place }, index): Looked[] => {
      const seen = looks[index];
      if (seen === undefined) return [];
      const picture = { id: source, ...(place !== undefined && { place }) };
      if ('wrong' in seen) return [{ picture, wrong: seen.wrong }];
      const { wrongMask } = seen;
      return [{ picture, size: seen, ...(wrongMask !== undefined && { wrongMask }) }];
    }),
  );
  if (unfit !== undefined)
    throw new EngineFailed(await messageOf(objects, training, unfit), { cause: unfit });
}

async function look(
  objects: Pick<ObjectStore, 'read' | 'stream' | 'placeOf'>,
  { source, label, mask }: TrainingExample,
  segmentation: boolean,
): Promise<Look> {
  try {
    const stream = await objects.stream(locationOf(source));
    if (stream === undefined) return { wrong: missingImage(objects, source) };
    const head = await headOf(stream.bytes);
    if (head === undefined) return { wrong: `${source}: The picture ends before it tells its size.` };
    if (!segmentation || label === 'normal' || mask === undefined) return head;
    const wrongMask = await wrongOf(objects, source, mask, head);
    return { ...head, ...(wrongMask !== undefined && { wrongMask }) };
  } catch (error) {
    if (error instanceof PictureRefused) return { wrong: `${source}: ${error.message}` };
    if (error instanceof LocationRefused) return { wrong: refusedImage(error) };
    throw error;
  }
}

/** @returns what is wrong with a mask by the rules of every trainer; undefined if nothing */
async function wrongOf(
  objects: Pick<ObjectStore, 'read' | 'placeOf'>,
  source: string,
  { ref, classes }: NonNullable<TrainingExample['mask']>,
  picture: Head,
): Promise<string | undefined> {
  const bytes = await objects.read(locationOf(ref));
  if (bytes === undefined) return missingImage(objects, ref);
  try {
    const map = readClasses(
      bytes,
      classes.map(({ color }, index) => ({ color, number: index + 1 })),
    );
    // A blank one may be of any size: the dummies of AWS's own samples are.
    if (map.classes.some((number) => number > 0)) requireFit(source, map, picture);
    return undefined;
  } catch (error) {
    if (error instanceof MaskUnusable) return error.message;
    if (error instanceof MaskUnreadable) return `The mask of ${source} cannot be used: ${error.message}.`;
    throw error;
  }
}

/** Reads no more than it needs: what is behind the head may have megabytes. */
async function headOf(bytes: AsyncIterable<Uint8Array>): Promise<Head | undefined> {
  let held = Buffer.alloc(0);
  for await (const piece of bytes) {
    held = Buffer.concat([held, piece]);
    const head = readHead(held);
    if (head !== undefined || held.length > pictureLimits.bytes) return head;
  }
  return readHead(held);
}
