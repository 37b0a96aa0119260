/**
 * What keeps a model from being trained, said so that a user can put it right. The message goes into the
 * model's status.
 */
export class TrainingFailed extends Error {
  override readonly name: string = 'TrainingFailed';
  /** Everything that the message has no room for, a sentence each. */
  details: readonly string[] = [];
}

/** All pictures of a project have one size; the sentence is the original service's. */
export class MixedSizes extends TrainingFailed {
  override readonly name = 'MixedSizes';
  constructor(more = '') {
    super(`Images in the dataset must have the same dimensions.${more}`);
  }
}

export class PictureUnreadable extends TrainingFailed {
  override readonly name = 'PictureUnreadable';
  static of(id: string, reason: string, cause?: unknown): PictureUnreadable {
    return new PictureUnreadable(`${id}: ${reason}`, { cause });
  }
}

export class MaskUnusable extends TrainingFailed {
  override readonly name = 'MaskUnusable';
  static of(id: string, reason: string, cause?: unknown): MaskUnusable {
    return new MaskUnusable(`The mask of ${id} ${reason}`, { cause });
  }
}

/** Pictures and masks that do not fit, all of them: the message names some, `details` each. */
export class PicturesUnfit extends TrainingFailed {
  override readonly name = 'PicturesUnfit';
}

export class TooFewPictures extends TrainingFailed {
  override readonly name = 'TooFewPictures';
}

/** The caller's signal ended the training. */
export class TrainingStopped extends Error {
  override readonly name = 'TrainingStopped';
  constructor() {
    super('The training was stopped.');
  }
}

export function checkStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new TrainingStopped();
}
