import { EngineFailed } from '../../engine.ts';
import { isOfTraining } from '../hosting/jobs.ts';
import { tagKeys, tagsOf, versionNameOf } from '../hosting/names.ts';
import { refusalOf, type Translate } from '../hosting/refusals.ts';
import type { TrainingRef } from '../../trainer.ts';
import type { SageMakerTrainerOptions } from './options.ts';

/** What bears our tags: a job of either kind, or the model that is judged. */
interface Order {
  /** As in "a training job". */
  readonly kind: string;
  readonly name: string;
  readonly translate: Translate;
  readonly give: () => Promise<unknown>;
  readonly isTaken: (error: unknown) => boolean;
  /** The ARN of what has the name. */
  readonly find: () => Promise<string | undefined>;
  /** Whether what the order builds upon may not be seen everywhere yet, so that another try is worth it. */
  readonly isEarly?: (error: unknown) => boolean;
}

/**
 * Gives one order. A name that is taken is success if the tags say that it is by us, for an earlier delivery
 * of the same order.
 * @throws EngineFailed
 */
export async function order(
  options: SageMakerTrainerOptions,
  { model }: TrainingRef,
  wanted: Order,
): Promise<void> {
  try {
    await wanted.give();
  } catch (error) {
    if (!wanted.isTaken(error))
      throw wanted.isEarly?.(error) === true ? error : (refusalOf(error, wanted.translate) ?? error);
    const arn = await wanted.find();
    if (arn === undefined) throw error; // not to be seen yet: another try finds it
    await requireOurs(options, model, wanted.kind, wanted.name, arn);
  }
}

/** @throws EngineFailed if it is somebody else's */
export async function requireOurs(
  options: SageMakerTrainerOptions,
  model: TrainingRef['model'],
  kind: string,
  name: string,
  arn: string,
): Promise<void> {
  if (await isOfTraining(options, arn, versionNameOf(options, model))) return;
  throw new EngineFailed(
    `There is a ${kind} "${name}" in this account that Crowsnest did not make, and leaves alone. Train a ` +
      'new version.',
  );
}

export const trainingTags = (
  options: SageMakerTrainerOptions,
  { model }: TrainingRef,
): ReturnType<typeof tagsOf> => tagsOf(options, model, { [tagKeys.training]: versionNameOf(options, model) });
