import type { ModelKey } from '../domain/model.ts';
import type { ObjectLocation } from '../domain/ports.ts';

/** A picture with its label, as trainers get them: one JSON object a line, already checked, sources and masks as s3 URLs. */
export interface TrainingExample {
  readonly source: string;
  readonly label: 'normal' | 'anomaly';
  /** The line as the dataset has it: evaluation files repeat it. */
  readonly line: Readonly<Record<string, unknown>>;
  readonly mask?: { readonly ref: string; readonly classes: readonly { readonly name: string; readonly color: string }[] };
}

export interface TrainingRef {
  /** The id of the operation that trains: names of the trainer's jobs are made from it. */
  readonly id: string;
  readonly model: ModelKey;
}

export interface TrainingSpec extends TrainingRef {
  /** JSON Lines of `TrainingExample`. What a model is judged by is not what it learns from. */
  readonly examples: { readonly train: ObjectLocation; readonly test: ObjectLocation };
  /** Whether any example to learn from has a mask. */
  readonly segmentation: boolean;
  /** Where the trainer keeps what it makes; `prefix` ends with a slash, and nobody else writes below it. */
  readonly workspace: { readonly bucket: string; readonly prefix: string };
  readonly kmsKeyId?: string;
}

/** What a training came to, as one JSON object. All figures are 0 to 1; an anomaly is the positive class. */
export interface TrainingResults {
  readonly f1Score: number;
  readonly precision: number;
  readonly recall: number;
  readonly rocAuc: number;
  readonly averagePrecision: number;
  /** Epoch milliseconds. */
  readonly evaluatedAt: number;
  /** For a segmentation model: by patches or pixels, for each class of anomaly. */
  readonly classes?: readonly { readonly name: string; readonly f1Score: number; readonly precision: number; readonly recall: number; readonly iou: number }[];
  readonly images: { readonly train: number; readonly test: number };
  /** One for each test picture. */
  readonly pictures: readonly { readonly source: string; readonly isAnomalous: boolean; readonly confidence: number }[];
}

/**
 * What a trainer reports: a level, never an event.
 * - `running`: at work; `note` is for the user
 * - `trained`: `artifact` is what the stage's engine can host, `results` a JSON object of `TrainingResults`
 * - `failed`: it will not come to anything; `reason` is for the user
 * - `missing`: the trainer knows nothing of it
 */
export type TrainingObservation =
  | { readonly state: 'running'; readonly note?: string }
  | { readonly state: 'trained'; readonly artifact: { readonly bucket: string; readonly prefix: string }; readonly results: ObjectLocation }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'missing' };

/** Where models are trained. As with engines, repeating is success: starting what runs or has ended, stopping what is gone. */
export interface Trainer {
  /** Where the workspaces of trainings are, beside the copies of imported models; `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  /** @throws EngineFailed if this can never be trained; anything else is worth another try */
  start(spec: TrainingSpec): Promise<void>;
  observe(spec: TrainingSpec): Promise<TrainingObservation>;
  /** Ends what runs, and removes what the training needed and the model does not. */
  stop(spec: TrainingSpec): Promise<void>;
}
