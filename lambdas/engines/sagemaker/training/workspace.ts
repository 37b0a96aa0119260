import type { ObjectLocation, ObjectStore } from '../../../domain/ports.ts';
import type { PictureType } from '../../../domain/verdict.ts';
import type { TrainingRef } from '../../trainer.ts';
import { locationUrl } from '../../../domain/locations.ts';

/*
 * What is where in a training's workspace. Below `training/` and `evaluation/` is what the model does not
 * need; below the version's name is what the algorithm put out and its package was made of, and
 * `results.json` is written last.
 */

const inside = ({ workspace: { bucket, prefix } }: TrainingRef, name: string): ObjectLocation => ({
  bucket,
  key: `${prefix}${name}`,
});

export const manifestAt = (training: TrainingRef): ObjectLocation =>
  inside(training, 'training/manifest.jsonl');
export const blankMaskAt = (training: TrainingRef): ObjectLocation => inside(training, 'training/normal.png');
export const resultsAt = (training: TrainingRef): ObjectLocation => inside(training, 'results.json');
/** How far the look at the pictures has got. */
export const lookedAt = (training: TrainingRef): ObjectLocation => inside(training, 'training/looked.json');
/** How far the copying of the test pictures has got. */
export const copiedAt = (training: TrainingRef): ObjectLocation => inside(training, 'evaluation/copied.json');
/** How far the reading of the answers has got. */
export const judgedAt = (training: TrainingRef): ObjectLocation => inside(training, 'evaluation/judged.json');

/**
 * SageMaker puts the model data below it under `<name of the job>/output/`. The job has the version's name,
 * as the last part of the artifact's prefix has: so the data lies within the artifact, where a packaging job
 * looks for it.
 */
export const outputUrl = ({ workspace: { bucket, prefix } }: TrainingRef): string =>
  locationUrl({ bucket, key: prefix.replace(/\/$/, '') });

const folders = { 'image/jpeg': 'jpeg', 'image/png': 'png' } as const satisfies Record<PictureType, string>;
const endings = { 'image/jpeg': 'jpg', 'image/png': 'png' } as const satisfies Record<PictureType, string>;

const nameOf = (type: PictureType, number: number): string =>
  `${String(number).padStart(5, '0')}.${endings[type]}`;

/**
 * Our copy of a test picture: flat and numbered in the order of the examples, so that the name of its answer
 * is certain.
 */
export const pictureAt = (training: TrainingRef, type: PictureType, number: number): ObjectLocation =>
  inside(training, `evaluation/pictures/${folders[type]}/${nameOf(type, number)}`);

/** Our copy of a test picture's mask, of which the transforms know nothing. */
export const maskAt = (training: TrainingRef, number: number): ObjectLocation =>
  inside(training, `evaluation/masks/${String(number).padStart(5, '0')}.png`);

/** A transform writes under the picture's name with `.out` behind it. */
export const answerAt = (training: TrainingRef, type: PictureType, number: number): ObjectLocation =>
  inside(training, `evaluation/answers/${folders[type]}/${nameOf(type, number)}.out`);

/** Ends with a slash: a prefix without one would match the neighbours too. */
export const picturesUrl = (training: TrainingRef, type: PictureType): string =>
  locationUrl(inside(training, `evaluation/pictures/${folders[type]}/`));
export const answersUrl = (training: TrainingRef, type: PictureType): string =>
  locationUrl(inside(training, `evaluation/answers/${folders[type]}`));

/** @returns undefined if it is not there */
export async function readJson<T>(
  objects: Pick<ObjectStore, 'read'>,
  from: ObjectLocation,
): Promise<T | undefined> {
  const bytes = await objects.read(from);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as T);
}

export const writeJson = (
  objects: Pick<ObjectStore, 'write'>,
  to: ObjectLocation,
  value: unknown,
): Promise<void> => objects.write(to, Buffer.from(JSON.stringify(value)));

/** Removes all that the model does not need. */
export async function sweepUp(
  objects: Pick<ObjectStore, 'removeAll'>,
  { workspace: { bucket, prefix } }: TrainingRef,
): Promise<void> {
  await objects.removeAll(bucket, `${prefix}training/`);
  await objects.removeAll(bucket, `${prefix}evaluation/`);
}
