import type { TrainingInstanceType, TransformInstanceType } from '@aws-sdk/client-sagemaker';
import type { Clock, ObjectStore } from '../../../domain/ports.ts';
import {
  BadSageMakerOption,
  checkArtifacts,
  checkOptions,
  type CopyingStore,
  type SageMakerAccount,
} from '../hosting/options.ts';

export interface SageMakerTrainerOptions extends SageMakerAccount {
  /** The subscribed algorithm; its ARN differs from region to region. Without one nothing can be trained. */
  readonly algorithmArn?: string;
  readonly training: {
    readonly instanceType: TrainingInstanceType;
    /** Of the instance's storage, 1 or more. */
    readonly volumeGigabytes: number;
    /** After so many seconds SageMaker stops the job: 1 second to 28 days. */
    readonly maxSeconds: number;
  };
  /** Judges the test pictures: what the algorithm supports for batch transform. */
  readonly transformInstanceType: TransformInstanceType;
  /** Under which jobs read the pictures, and read and write below the workspace. */
  readonly executionRoleArn: string;
  readonly objects: CopyingStore & Pick<ObjectStore, 'stream'>;
  /** Where the workspaces of trainings are. `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  readonly clock: Clock;
  /**
   * How many milliseconds of one `start` may go into what grows with the number of pictures; 70,000 unless
   * given, because a task has 110,000.
   */
  readonly stepWithin?: number;
}

/** @throws BadSageMakerOption */
export function checkTrainerOptions(options: SageMakerTrainerOptions): void {
  checkOptions(options);
  checkArtifacts(options);
  const { volumeGigabytes, maxSeconds } = options.training;
  if (!(Number.isInteger(volumeGigabytes) && volumeGigabytes >= 1)) {
    throw new BadSageMakerOption(
      `training.volumeGigabytes must be a whole number of 1 or more, not ${volumeGigabytes}`,
    );
  }
  if (!(Number.isInteger(maxSeconds) && maxSeconds >= 1 && maxSeconds <= longestJob)) {
    throw new BadSageMakerOption(
      `training.maxSeconds must be a whole number from 1 to ${longestJob}, not ${maxSeconds}`,
    );
  }
}

/** 28 days. (service description) */
const longestJob = 2_419_200;

/** Until when this `start` may go on with what grows with the number of pictures, in epoch milliseconds. */
export const giveUpAt = ({ clock, stepWithin = 70_000 }: SageMakerTrainerOptions): number =>
  clock.now() + stepWithin;
