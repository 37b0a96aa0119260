import type { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import type { Architecture, LambdaClient } from '@aws-sdk/client-lambda';
import type { Artifact } from '../../domain/model.ts';
import type { Clock, Log } from '../../domain/ports.ts';
import type { Owner } from '../names.ts';

/** The account, and how we know our own in it. */
export interface LambdaAccount extends Owner {
  readonly lambda: LambdaClient;
}

/** How the units of this stage are made. */
export interface UnitSettings {
  /**
   * `provisioned`: Min units are kept ready, and paid for from the start on. `onDemand`: none is kept; a
   * unit starts with the picture that needs it, and an idle model costs nothing.
   */
  readonly mode: 'provisioned' | 'onDemand';
  readonly roleArn: string;
  /** The layer with the native libraries. */
  readonly layerArn: string;
  /** The log that all units write to. */
  readonly logGroup: string;
  /** Megabytes; 1,769 are one processor. */
  readonly memory: number;
  /** Seconds that a unit has for one picture. */
  readonly timeout: number;
  readonly architecture: Architecture;
  /** The network that units are attached to; absent: Lambda's own. */
  readonly vpc?: { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] };
  /** Percent of the units that should be at work before another one is added. */
  readonly utilization: number;
}

export interface LambdaEngineOptions extends LambdaAccount {
  readonly scaling: ApplicationAutoScalingClient;
  readonly clock: Clock;
  readonly units: UnitSettings;
  /** Makes the package of a unit that hosts `artifact`. Only who creates needs it. @throws EngineFailed */
  readonly pack?: (artifact: Artifact) => Promise<Uint8Array>;
}

export interface LambdaDetectorOptions extends Pick<LambdaAccount, 'lambda' | 'stage'> {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Milliseconds that a unit has for one picture: then Lambda ends it. */
  readonly unitTimeout: number;
  /**
   * Milliseconds that a verdict may take; by default five seconds more than a unit has, for a unit that has
   * to start first, or for another one where the first ended at once.
   */
  readonly answerWithin?: number;
}

/** The version of a unit's function that serves; it is published with the function. */
export const unitVersion = '1';

/** Processors, and so threads of one picture's inference, that a function of so many megabytes has. */
export const threadsOf = (memory: number): number => Math.max(1, Math.round(memory / 1769));
