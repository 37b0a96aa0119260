import type { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import type { ProductionVariantInstanceType, SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import type { Clock, ObjectLocation, ObjectStore } from '../../../domain/ports.ts';

/** The account, and how we know our own in it. */
export interface SageMakerAccount {
  readonly sagemaker: SageMakerClient;
  /** `[a-z0-9]{1,8}`: part of every name that we give, and of the tag by which we know our own. */
  readonly stage: string;
  /** Put on everything that we make, besides our own `crowsnest:` tags. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface SageMakerOptions extends SageMakerAccount {
  readonly instanceType: ProductionVariantInstanceType;
}

export interface SageMakerEngineOptions extends SageMakerOptions {
  readonly runtime: SageMakerRuntimeClient;
  readonly scaling: ApplicationAutoScalingClient;
  readonly executionRoleArn: string;
  /** Encrypts the instances' storage volumes. Types with storage of their own refuse it. */
  readonly kmsKeyId?: string;
  /** How many pictures a minute one instance should judge: above it another one is added, up to `Max`. */
  readonly invocationsPerInstance: number;
  readonly clock: Clock;
  /**
   * Milliseconds that a verdict may take; by default 25,000, because the gateway in front of us hangs up
   * after 29,000.
   */
  readonly answerWithin?: number;
}

/** Copies objects without carrying the bytes through here: a trained model may have hundreds of megabytes. */
export interface CopyingStore extends Omit<ObjectStore, 'stream' | 'list'> {
  /** @returns whether there was anything at `from` */
  copy(from: ObjectLocation, to: ObjectLocation): Promise<boolean>;
}

/** What callers may name. An entry is the exact name, or its beginning followed by `*`. */
interface Allowed {
  /** Container images, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com/inspection:*`. */
  readonly images: readonly string[];
  /** Buckets that model data may come from. */
  readonly modelDataBuckets: readonly string[];
  /** ARNs of model packages; `*` leaves it to the account's subscriptions and rights. */
  readonly modelPackages: readonly string[];
}

export interface SageMakerImporterOptions extends SageMakerOptions {
  readonly allowed: Allowed;
  /**
   * The subscribed algorithm whose training output may be imported; its ARN differs from region to region.
   */
  readonly algorithmArn?: string;
  readonly objects: CopyingStore;
  /** Where our copies are kept, and the workspaces of trainings. `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
}

/** A setting of the engine breaks a rule. The message names the setting and the rule. */
export class BadSageMakerOption extends Error {
  override readonly name = 'BadSageMakerOption';
}

export function checkOptions({ stage, tags = {} }: Pick<SageMakerAccount, 'stage' | 'tags'>): void {
  if (!/^[a-z0-9]{1,8}$/.test(stage))
    throw new BadSageMakerOption(`stage must be 1 to 8 of [a-z0-9], not "${stage}"`);
  for (const key of Object.keys(tags)) {
    if (/^(aws|crowsnest):/i.test(key))
      throw new BadSageMakerOption(`tags must not begin with "aws:" or "crowsnest:", as "${key}" does`);
  }
}

export function checkArtifacts({ artifacts: { prefix } }: Pick<SageMakerImporterOptions, 'artifacts'>): void {
  if (!/^$|^[^/].*\/$/.test(prefix))
    throw new BadSageMakerOption(
      `artifacts.prefix must be empty, or end and not begin with a slash, not be "${prefix}"`,
    );
}
