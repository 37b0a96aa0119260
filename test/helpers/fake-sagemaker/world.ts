import type { VirtualClock } from './clock.ts';
import type { Container } from './runtime.ts';
import { invalid, type Input } from './service-error.ts';
import { settleTraining, type TrainingJob } from './training.ts';
import { settleTransform, type TransformJob } from './transform.ts';

export type Status =
  | 'Creating'
  | 'InService'
  | 'Updating'
  | 'SystemUpdating'
  | 'RollingBack'
  | 'UpdateRollbackFailed'
  | 'OutOfService'
  | 'Failed'
  | 'Deleting';

/** What becomes of an endpoint that is created from now on. Times in milliseconds. */
export interface Life {
  creating: number;
  /** `stuck` stays in Creating; `failed` is the reason given. */
  outcome: 'InService' | 'stuck' | { readonly failed: string };
  deleting: number;
}

export interface Named {
  readonly name: string;
  readonly arn: string;
  readonly created: number;
  readonly tags: Map<string, string>;
  readonly input: Input;
}

export interface Endpoint extends Named {
  config: string;
  status: Status;
  reason?: string;
  /** Under which the one variant goes, what it runs on, and how many there are. */
  variant: string;
  instanceType: string;
  instances: number;
  /** What happens to it, in order; `gone` ends it. */
  coming: {
    readonly at: number;
    readonly status: Status | 'gone';
    readonly reason?: string;
    readonly instances?: number;
  }[];
}

export interface Package extends Named {
  status: 'Pending' | 'InProgress' | 'Completed' | 'Failed' | 'Deleting';
  reason?: string;
  readyAt: number;
  /** Put there by a test, not by a call. */
  readonly seeded: boolean;
  readonly marketplace: boolean;
}

export type JobOutcome = 'Completed' | { readonly failed: string };

/** The state of the account's region: what the three services share. */
export class World {
  readonly region = 'eu-west-1';
  readonly account = '123456789012';
  readonly clock: VirtualClock;
  readonly models = new Map<string, Named>();
  readonly configs = new Map<string, Named>();
  readonly endpoints = new Map<string, Endpoint>();
  readonly packages = new Map<string, Package>();
  readonly targets = new Map<string, { min: number; max: number; readonly policies: Map<string, Input> }>();
  readonly trainings = new Map<string, TrainingJob>();
  readonly transforms = new Map<string, TransformJob>();
  /**
   * Instances of each type that endpoints may use; jobs under a name such as `ml.g4dn.2xlarge for training
   * job usage`.
   */
  readonly quotas = new Map<string, number>();
  /** S3, by `bucket/key`, which jobs read and write. Without it there are no jobs. */
  files: Map<string, Uint8Array> | undefined;
  /** What the models' containers answer. */
  container: Container = () => ({
    body: '{"Source":{"Type":"direct"},"IsAnomalous":true,"Confidence":0.93}',
  });
  /** What becomes of a training job from now on, in milliseconds. */
  readonly learning: Record<'starting' | 'downloading' | 'training' | 'uploading' | 'stopping', number> & {
    outcome: JobOutcome;
  } = {
    starting: 60_000,
    downloading: 30_000,
    training: 300_000,
    uploading: 20_000,
    stopping: 45_000,
    outcome: 'Completed',
  };
  /** And of a transform job. */
  readonly transforming: Record<'running' | 'stopping', number> & { outcome: JobOutcome } = {
    running: 180_000,
    stopping: 30_000,
    outcome: 'Completed',
  };
  readonly life: Life = { creating: 300_000, outcome: 'InService', deleting: 60_000 };
  readonly packaging: { takes: number; outcome: 'Completed' | { readonly failed: string } } = {
    takes: 120_000,
    outcome: 'Completed',
  };
  /** Products that the account is not subscribed to: ARNs of packages and algorithms. */
  readonly unsubscribed = new Set<string>();
  /** Whatever a careful caller never does, in words. */
  readonly violations: string[] = [];

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  /** Names are lower case in ARNs. */
  arn(kind: string, name: string): string {
    return `arn:aws:sagemaker:${this.region}:${this.account}:${kind}/${name.toLowerCase()}`;
  }

  /** Lets everything happen that is due. */
  settle(): void {
    const now = this.clock.now();
    for (const endpoint of [...this.endpoints.values()]) {
      for (let next = endpoint.coming[0]; next !== undefined && next.at <= now; next = endpoint.coming[0]) {
        endpoint.coming.shift();
        if (next.status === 'gone') {
          this.endpoints.delete(endpoint.name);
          break;
        }
        endpoint.status = next.status;
        if (next.reason !== undefined) endpoint.reason = next.reason;
        if (next.instances !== undefined) endpoint.instances = next.instances;
      }
    }
    for (const job of this.trainings.values()) settleTraining(this, job);
    for (const job of this.transforms.values()) settleTransform(this, job);
    for (const each of this.packages.values()) {
      if (each.status !== 'InProgress' || each.readyAt > now) continue;
      const { outcome } = this.packaging;
      each.status = outcome === 'Completed' ? 'Completed' : 'Failed';
      if (outcome !== 'Completed') each.reason = outcome.failed;
    }
  }

  endpoint(name: string): Endpoint {
    const found = this.endpoints.get(name);
    if (found === undefined) throw invalid(`Could not find endpoint "${this.arn('endpoint', name)}".`);
    return found;
  }

  /** Everything of this account that costs money or clutters, except what a test put there. */
  resources(): string[] {
    this.settle();
    return [
      ...[...this.endpoints.values(), ...this.configs.values(), ...this.models.values()].map(
        ({ arn }) => arn,
      ),
      ...[...this.packages.values()].filter(({ seeded }) => !seeded).map(({ arn }) => arn),
      ...[...this.targets.keys()].map((id) => `scalable-target:${id}`),
      ...[...this.trainings.values(), ...this.transforms.values()]
        .filter(({ status }) => ['InProgress', 'Stopping'].includes(status))
        .map(({ arn }) => arn),
    ];
  }
}
