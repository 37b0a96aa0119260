import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { Environment } from '../contract/environments.ts';
import { StopModel } from '../operations/models/stop-model.ts';
import { atWork, drain, DrainFailed, namesOf, type DrainContext } from '../workflows/sweep/drain.ts';
import { modelId } from '../domain/model.ts';
import { base } from './base.ts';
import { stackStatus } from './stack-status.ts';
import { stepFunctions } from './step-functions.ts';

/** What an update must not take from what runs. */
interface DrainProperties {
  readonly RolePath?: string;
  /** The engines of the stage. Stacks of 0.1 did not say: they had SageMaker's. */
  readonly Engines?: readonly string[];
}

/** What CloudFormation's event says, and what `onEvent` adds for `isComplete` to read. */
export interface DrainEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly StackId: string;
  readonly ResourceProperties?: DrainProperties;
  readonly OldResourceProperties?: DrainProperties;
  readonly Data?: { readonly startedAt?: string };
}

/** The update would take from what runs the roles that it runs under. */
class RolesInUse extends Error {
  override readonly name = 'RolesInUse';
}

/** The update would take the stage's rights to what it pays for. */
class EngineInUse extends Error {
  override readonly name = 'EngineInUse';
}

export interface Drainer {
  readonly context: DrainContext;
  readonly statusOf: (stackId: string) => Promise<string>;
}

/** Always the same: another id would make CloudFormation delete the resource, and so drain, on an update. */
const PhysicalResourceId = 'drain';

/**
 * CloudFormation says Delete not only when a stack is deleted, but also when a resource is renamed, and when
 * a deployment that made it is rolled back. Only the stack knows which it is.
 */
export const onEvent =
  ({ context, statusOf }: Drainer) =>
  async (event: DrainEvent): Promise<object> => {
    if (event.RequestType === 'Update') {
      await checkRoles(context, event);
      await checkEngines(context, event);
    }
    if (event.RequestType !== 'Delete') return { PhysicalResourceId };
    const status = await statusOf(event.StackId);
    if (status === 'DELETE_IN_PROGRESS')
      return { PhysicalResourceId, Data: { startedAt: String(context.clock.now()) } };
    context.log.event('drain.not-asked', { status });
    return { PhysicalResourceId };
  };

/**
 * A role cannot move: CloudFormation makes another one and deletes the first. Instances that run, jobs and
 * functions that were made under it cannot go on without it. This is asked before anything is deleted, and
 * a failure takes the update back.
 * @throws RolesInUse
 */
async function checkRoles(
  context: DrainContext,
  { ResourceProperties, OldResourceProperties }: DrainEvent,
): Promise<void> {
  const [from, to] = [OldResourceProperties?.RolePath, ResourceProperties?.RolePath];
  if (from === undefined || from === to) return;
  const working: string[] = [];
  for await (const { model } of atWork(context)) working.push(`${modelId(model)} (${model.status})`);
  if (working.length === 0) return;
  throw new RolesInUse(
    `rolePath cannot change from ${from} to ${to ?? '/'} while models run or are trained under the ` +
      `present roles: ${namesOf(working)}. Stop them, or put rolePath back, and deploy again.`,
  );
}

/**
 * Endpoints and jobs of SageMaker are paid for until somebody removes them, and a stage without SageMaker has
 * no right to see or remove any. Which trainer a training is at is known to the trainers alone, so that every
 * training counts: one in a function ends within 15 minutes.
 * @throws EngineInUse
 */
async function checkEngines(
  context: DrainContext,
  { ResourceProperties, OldResourceProperties }: DrainEvent,
): Promise<void> {
  const { Engines: now } = ResourceProperties ?? {};
  const { Engines: before = ['sagemaker'] } = OldResourceProperties ?? {};
  if (now === undefined || !before.includes('sagemaker') || now.includes('sagemaker')) return;
  const working: string[] = [];
  for await (const { model, trains, open } of atWork(context))
    if (trains || open.some(({ format }) => format !== 'onnx'))
      working.push(`${modelId(model)} (${model.status})`);
  if (working.length === 0) return;
  throw new EngineInUse(
    `SageMaker cannot be taken from this stage while models run in it or are trained: ${namesOf(working)}. ` +
      'They would be paid for, and nobody could stop them. ' +
      'Stop them, or configure algorithmArn, images or modelPackages as before, and deploy again.',
  );
}

/**
 * Asked every half minute. What goes wrong on the way is tried again with the next question; only time ends
 * it.
 */
export const isComplete =
  ({ context }: Drainer) =>
  async ({ Data }: DrainEvent): Promise<{ readonly IsComplete: boolean }> => {
    if (Data?.startedAt === undefined) return { IsComplete: true };
    try {
      const { done } = await drain(context, Number(Data.startedAt));
      return { IsComplete: done };
    } catch (error) {
      context.log.event(error instanceof DrainFailed ? 'drain.failed' : 'drain.look-failed', { error });
      if (error instanceof DrainFailed) throw error;
      return { IsComplete: false };
    }
  };

export function awsDrainer(env: Environment<'drain'>): Drainer {
  const context = { ...base(env), runner: stepFunctions(env) };
  const { log } = context;
  const cloudFormation = new CloudFormationClient({
    requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000 },
  });
  return {
    context: {
      ...context,
      async stop({ project, version }) {
        await StopModel({ ProjectName: project, ModelVersion: version }, context, {
          requestId: 'drain',
          caller: 'the deletion of the stack',
          log,
        });
      },
    },
    statusOf: (stackId) => stackStatus(cloudFormation, stackId),
  };
}
