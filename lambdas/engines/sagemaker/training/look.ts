import { locationOf } from '../../../domain/locations.ts';
import { LocationRefused, nameOf, type ObjectStore } from '../../../domain/ports.ts';
import { PictureRefused } from '../../../domain/verdict.ts';
import { readHead, type Head } from '../../../vision/pictures/content.ts';
import { pictureLimits } from '../../../vision/pictures/limits.ts';
import { unfitOf } from '../../../vision/pictures/unfit.ts';
import { EngineFailed } from '../../engine.ts';
import { readExamples, type TrainingExample, type TrainingRef, type TrainingSpec } from '../../trainer.ts';
import { messageOf } from '../../training/unfit-list.ts';
import { usable } from './manifest.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { lookedAt, readJson, writeJson } from './workspace.ts';

/** How many pictures are looked at at a time. */
const atOnce = 32;

/** What the first bytes of a picture say, or what keeps it from being used. */
type Look = Head | { readonly wrong: string };

/** Of the pictures to learn from and then those to judge by, in the order of the examples. */
interface LookedAt {
  readonly looks: readonly Look[];
}

/**
 * Looks at the first bytes of every picture: its content says what it is, never its name. All that are unfit
 * are told at once, before an hour of training is paid for. Goes on where the call before this one left off.
 * @param until epoch milliseconds
 * @returns the types of the test pictures in the order of the examples; undefined if there was no time for all
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
      looks = [...looks, ...(await Promise.all(group.map((example) => look(objects, example))))];
    }
    await writeJson(objects, lookedAt(training), { looks } satisfies LookedAt);
    if (looks.length < examples.length) return undefined;
  }
  await requireFit(options, training, examples, looks);
  return looks.slice(train.length).flatMap((each) => ('type' in each ? [each.type] : []));
}

/** @throws EngineFailed */
async function requireFit(
  { objects }: SageMakerTrainerOptions,
  training: TrainingRef,
  examples: readonly TrainingExample[],
  looks: readonly Look[],
): Promise<void> {
  const unfit = unfitOf(
    examples.flatMap(({ source, place }, index) => {
      const seen = looks[index];
      if (seen === undefined) return [];
      const picture = { id: source, ...(place !== undefined && { place }) };
      return [{ picture, ...('wrong' in seen ? { wrong: seen.wrong } : { size: seen }) }];
    }),
  );
  if (unfit !== undefined)
    throw new EngineFailed(await messageOf(objects, training, unfit), { cause: unfit });
}

async function look(
  objects: Pick<ObjectStore, 'stream' | 'placeOf'>,
  { source }: TrainingExample,
): Promise<Look> {
  const location = locationOf(source);
  try {
    const stream = await objects.stream(location);
    if (stream === undefined)
      return {
        wrong: `There is no object at ${nameOf(objects, location)}. Put the image back, or train with a dataset that does not name it.`,
      };
    return (await headOf(stream.bytes)) ?? { wrong: `${source}: The picture ends before it tells its size.` };
  } catch (error) {
    if (error instanceof PictureRefused) return { wrong: `${source}: ${error.message}` };
    if (error instanceof LocationRefused)
      return {
        wrong: `${error.message}. See that the bucket's policy, and the policy of its KMS key, allow it; then train again.`,
      };
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
