import type { EvaluationFigures } from '../domain/evaluation-files.ts';
import type { Reliability } from '../domain/reliability.ts';
import type { Artifact, ModelKey } from '../domain/model.ts';
import type { ObjectLocation, ObjectStore } from '../domain/ports.ts';
import { locationUrl } from '../domain/locations.ts';

/**
 * A picture with its label, as trainers get them: one JSON object a line, already checked, sources and masks
 * as s3 URLs.
 */
export interface TrainingExample {
  readonly source: string;
  readonly label: 'normal' | 'anomaly';
  /** Where its line is, as in "line 7 of the train dataset". Trainings of release 0.1 do not carry it. */
  readonly place?: string;
  /** The line as the dataset has it: evaluation files repeat it. */
  readonly line: Readonly<Record<string, unknown>>;
  readonly mask?: {
    readonly ref: string;
    readonly classes: readonly { readonly name: string; readonly color: string }[];
  };
}

export interface TrainingRef {
  /** The id of the operation that trains. */
  readonly id: string;
  /** `createdAt`, in epoch milliseconds, tells a version from that of a project that had the same name. */
  readonly model: ModelKey & { readonly createdAt: number };
  /** JSON Lines of `TrainingExample`. What a model is judged by is not what it learns from. */
  readonly examples: { readonly train: ObjectLocation; readonly test: ObjectLocation };
  /** Where the trainer keeps what it makes; `prefix` ends with a slash, and nobody else writes below it. */
  readonly workspace: { readonly bucket: string; readonly prefix: string };
}

export interface TrainingSpec extends TrainingRef {
  /** Whether any example to learn from has a mask. */
  readonly segmentation: boolean;
  readonly kmsKeyId?: string;
}

/** @throws Error if they are gone */
export async function readExamples(
  objects: Pick<ObjectStore, 'read'>,
  location: ObjectLocation,
): Promise<TrainingExample[]> {
  const bytes = await objects.read(location);
  if (bytes === undefined) throw new Error(`${locationUrl(location)} is gone`);
  return Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrainingExample);
}

/**
 * What a training came to, as one JSON object. All figures are 0 to 1; an anomaly is the positive class. Not
 * every trainer knows what cross-validation gives, or has something to note.
 */
export interface TrainingResults extends EvaluationFigures, Pick<Reliability, 'crossValidation' | 'notes'> {
  /** One for each test picture. */
  readonly pictures: readonly {
    readonly source: string;
    readonly isAnomalous: boolean;
    readonly confidence: number;
  }[];
}

/**
 * What a trainer reports: a level, never an event.
 * - `running`: at work; `note` is for the user
 * - `trained`: `artifact` is what the stage's engine can host, `results` a JSON object of `TrainingResults`
 * - `failed`: it will not come to anything; `reason` is for the user
 * - `missing`: what the training needs next has not been ordered, or is gone: `start` orders it
 */
export type TrainingObservation =
  | { readonly state: 'running'; readonly note?: string }
  | {
      readonly state: 'trained';
      readonly artifact: Artifact;
      readonly results: ObjectLocation;
    }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'missing' };

/**
 * Where models are trained. As with engines, repeating is success: starting what runs or has ended, stopping
 * what is gone. A training may have several steps: `start` orders the next one, and is called again for as
 * long as `observe` finds something missing.
 */
export interface Trainer {
  /**
   * Where the workspaces of trainings are, beside the copies of imported models; `prefix` is empty or ends
   * with a slash.
   */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  /** @throws EngineFailed if this can never be trained; anything else is worth another try */
  start(spec: TrainingSpec): Promise<void>;
  observe(training: TrainingRef): Promise<TrainingObservation>;
  /**
   * Ends what runs, and removes what the training needed and the model does not.
   * @throws whatever keeps it from going; another try goes on
   */
  stop(training: TrainingRef): Promise<void>;
}
