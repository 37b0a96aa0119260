import { nameOf, type ObjectLocation, type ObjectStore } from '../../domain/ports.ts';
import type { TrainingFailed } from '../../vision/fitting/failures.ts';
import { named } from '../../vision/pictures/unfit.ts';
import type { TrainingRef } from '../trainer.ts';

/** Every image that keeps a training from being done, a sentence a line. It goes with the version. */
const unfitListAt = ({ workspace: { bucket, prefix } }: Pick<TrainingRef, 'workspace'>): ObjectLocation => ({
  bucket,
  key: `${prefix}unfit-images.txt`,
});

/**
 * Writes the list of unfit images where a message has room for some of them only.
 * @returns the message, which then says where the list is
 */
export async function messageOf(
  objects: Pick<ObjectStore, 'write' | 'placeOf'>,
  training: Pick<TrainingRef, 'workspace'>,
  { message, details }: TrainingFailed,
): Promise<string> {
  if (details.length <= named) return message;
  const list = unfitListAt(training);
  await objects.write(list, Buffer.from(details.map((line) => `${line}\n`).join('')));
  return `${message} All of them are listed in ${nameOf(objects, list)}.`;
}
