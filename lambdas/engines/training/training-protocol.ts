import type { LabelledPicture } from '../../vision/pictures/training-pictures.ts';
import type { Minimums } from '../../vision/fitting/plan.ts';
import type { Stage, Training, TrainingInput } from '../../vision/fitting/train.ts';

/**
 * What the parent and the process that trains say to each other. Pictures stay with the parent until they are
 * asked for, one at a time.
 */

export interface PictureCard extends Pick<LabelledPicture, 'id' | 'place' | 'label'> {
  readonly colours?: NonNullable<LabelledPicture['mask']>['colours'];
}

export interface Task {
  readonly kind: 'train';
  readonly pictures: readonly PictureCard[];
  readonly test?: readonly PictureCard[];
  readonly seed: number;
  readonly features: TrainingInput['features'];
  readonly minimums?: Minimums;
  readonly now: number;
}

export type ToWorker =
  | Task
  | { readonly kind: 'bytes'; readonly request: number; readonly bytes: Uint8Array }
  /** `final` if it will never be there: the picture is unfit then, and the reason is for the user. */
  | { readonly kind: 'unread'; readonly request: number; readonly reason: string; readonly final: boolean };

export interface Want {
  readonly kind: 'want';
  readonly request: number;
  readonly set: 'pictures' | 'test';
  readonly index: number;
  readonly what: 'picture' | 'mask';
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | Want
  | { readonly kind: 'progress'; readonly stage: Stage; readonly done: number }
  | { readonly kind: 'trained'; readonly training: Training }
  /** The user can put it right; `name` is the failure's kind. */
  | {
      readonly kind: 'failed';
      readonly name: string;
      readonly message: string;
      readonly details: readonly string[];
    }
  /** Nobody expected it. */
  | { readonly kind: 'broken'; readonly message: string };

/**
 * First word of the command line of every training process, by which a host recognises those of one that
 * died.
 */
export const workerTitle = 'crowsnest-training-process';
