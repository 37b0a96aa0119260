import { locationOf } from '../../../domain/locations.ts';
import { LocationRefused, type ObjectLocation } from '../../../domain/ports.ts';
import { EngineFailed } from '../../engine.ts';
import { typeByName } from '../../../domain/picture-names.ts';
import type { PictureType } from '../../../domain/verdict.ts';
import { readExamples, type TrainingExample, type TrainingRef, type TrainingSpec } from '../../trainer.ts';
import { missingImage, refusedImage } from '../../training/missing-image.ts';
import { lookAtPictures } from './look.ts';
import type { SageMakerTrainerOptions } from './options.ts';
import { copiedAt, maskAt, pictureAt, readJson, writeJson } from './workspace.ts';

/** How many pictures are copied at a time. */
const atOnce = 32;

/** Of the test pictures, in the order of the examples. */
export interface Copied {
  readonly copied: number;
  readonly all: number;
  /** What types they have, in the order of the transforms. */
  readonly types: readonly PictureType[];
  /** Of each picture. Release 0.1 did not write them: it went by names. */
  readonly kinds?: readonly PictureType[];
}

/** What a test picture was found to be. */
export const kindOf = (
  { kinds }: Pick<Copied, 'kinds'>,
  { source }: TrainingExample,
  number: number,
): PictureType => kinds?.[number] ?? typeByName(source) ?? 'image/jpeg';

export const readCopied = (
  { objects }: Pick<SageMakerTrainerOptions, 'objects'>,
  training: TrainingRef,
): Promise<Copied | undefined> => readJson<Copied>(objects, copiedAt(training));

/**
 * Keeps a copy of the pictures that the model will be judged by, and of their masks: what becomes of them at
 * their places, while it is being trained, changes nothing. Goes on where the call before this one left off.
 * @param until epoch milliseconds
 * @returns whether all are copied
 * @throws EngineFailed if one is not there, or may not be read
 */
export async function copyPictures(
  options: SageMakerTrainerOptions,
  training: TrainingSpec,
  until: number,
): Promise<boolean> {
  const before = await readCopied(options, training);
  if (before !== undefined && before.copied === before.all) return true;
  const kinds = before?.kinds ?? (await lookAtPictures(options, training, until));
  if (kinds === undefined) return false;
  const examples = await readExamples(options.objects, training.examples.test);
  const types = (['image/jpeg', 'image/png'] as const).filter((type) => kinds.includes(type));
  for (let copied = before?.copied ?? 0; ;) {
    const group = examples.slice(copied, copied + atOnce);
    await Promise.all(
      group.map((example, index) =>
        copyOne(options, training, example, kinds[copied + index] ?? 'image/jpeg', copied + index),
      ),
    );
    copied += group.length;
    await writeJson(options.objects, copiedAt(training), {
      copied,
      all: examples.length,
      types,
      kinds,
    } satisfies Copied);
    if (copied === examples.length) return true;
    if (options.clock.now() > until) return false;
  }
}

async function copyOne(
  options: SageMakerTrainerOptions,
  training: TrainingSpec,
  { source, label, mask }: TrainingExample,
  type: PictureType,
  number: number,
): Promise<void> {
  await copy(options, source, pictureAt(training, type, number));
  if (training.segmentation && label === 'anomaly' && mask !== undefined)
    await copy(options, mask.ref, maskAt(training, number));
}

async function copy({ objects }: SageMakerTrainerOptions, source: string, to: ObjectLocation): Promise<void> {
  try {
    if (await objects.copy(locationOf(source), to)) return;
  } catch (error) {
    if (!(error instanceof LocationRefused)) throw error;
    throw new EngineFailed(refusedImage(error), { cause: error });
  }
  throw new EngineFailed(missingImage(objects, source));
}
