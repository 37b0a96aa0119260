import { LookoutVisionServiceException } from '@aws-sdk/client-lookoutvision';
import { operations, type OperationRow } from '../../lambdas/contract/operations.ts';
import type { Material } from './material.ts';
import type { Target } from '../deployment/target.ts';

/** What the cases share while they run, in this order, in a project of their own. */
export interface Bench {
  readonly target: Target;
  readonly material: Material;
  readonly project: string;
  /** Milliseconds that a start, a training or an import may take. */
  readonly timeout: number;
  /** The version that was imported or trained, once there is one. */
  model?: string;
  hosted?: boolean;
}

export interface Case {
  readonly operation: string;
  readonly title: string;
  /** `probe`: nothing that the contract promises, but worth knowing of a deployment. It never fails. */
  readonly kind?: 'probe';
  /** @returns what was seen, in a few words; throws what was wrong */
  run(bench: Bench): Promise<string>;
}

type Outcome = 'passed' | 'failed' | 'skipped' | 'as hoped' | 'otherwise';

export interface Result {
  readonly suite: 'original' | 'extension' | 'probe';
  readonly operation: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly saw: string;
  readonly seconds: number;
}

/** The case cannot be run here; the message says what it would need. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** The answer is not what it must be. */
export class Unlike extends Error {
  override readonly name = 'Unlike';
}

export const rowOf = (operation: string): OperationRow | undefined =>
  (operations as Readonly<Record<string, OperationRow>>)[operation];

interface Answer {
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** Sends, and requires the success code that the contract states; SDKs would take any. */
export async function accepted<A extends Answer>(operation: string, sent: Promise<A>): Promise<A> {
  const answer = await sent;
  const { httpStatusCode: code } = answer.$metadata;
  if (code !== rowOf(operation)?.status)
    throw new Unlike(
      `answered ${code ?? 'nothing'}, where ${rowOf(operation)?.status ?? 'nothing'} is right`,
    );
  return answer;
}

/** Sends what must be refused with an exception that the client has a class for. @returns it in words */
export async function refused(
  sent: Promise<unknown>,
  name: string,
  members: Readonly<Record<string, string>> = {},
): Promise<string> {
  const error = await sent.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) throw new Unlike(`was accepted, where ${name} is right`);
  if (!(error instanceof LookoutVisionServiceException)) throw error as Error;
  if (error.name !== name || error.constructor.name !== name)
    throw new Unlike(`was refused with ${error.name} (${error.message}), where a typed ${name} is right`);
  const found = error as unknown as Readonly<Record<string, unknown>>;
  for (const [member, value] of Object.entries(members)) {
    if (found[member] !== value)
      throw new Unlike(`${name} has ${member} ${String(found[member])}, where ${value} is right`);
  }
  return `${name}, ${error.$metadata.httpStatusCode ?? 0}`;
}

export function require(fact: boolean, otherwise: string): void {
  if (!fact) throw new Unlike(otherwise);
}

export function modelOf({ project, model }: Bench): {
  readonly ProjectName: string;
  readonly ModelVersion: string;
} {
  if (model === undefined)
    throw new Skipped('there is no model: see --model-s3, --model-package-arn, --bucket and --data-dir');
  return { ProjectName: project, ModelVersion: model };
}

/** A bucket that the deployment may use: it refuses to look further at a request that names another. */
export function bucketOf({ material }: Bench): string {
  if (material.dataset === undefined)
    throw new Skipped('there is no bucket that the deployment may use: see --bucket and --data-dir');
  return material.dataset.bucket;
}

export const missingModel = ({
  project,
}: Bench): { readonly ProjectName: string; readonly ModelVersion: string } => ({
  ProjectName: project,
  ModelVersion: '999999',
});
