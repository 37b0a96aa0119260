import {
  CreateFunctionCommand,
  InvokeCommand,
  TagResourceCommand,
  type GetFunctionResponse,
} from '@aws-sdk/client-lambda';
import { encodeEnvironment } from '../../contract/environments.ts';
import { EngineFailed, type DeploymentSpec } from '../engine.ts';
import { nameOf, tagKeys, tagsFor } from '../names.ts';
import { bound, checkRoom, provide } from './capacity.ts';
import { findFunction, findProvisioned, isOurs, modeOf } from './functions.ts';
import { threadsOf, unitVersion, type LambdaEngineOptions } from './options.ts';
import { isConflict, isMissing, ordered, userMessage } from './refusals.ts';
import { isScaled } from '../follow-demand.ts';
import { errorOf } from './unit-protocol.ts';

/** After how many milliseconds each time it is looked whether a new function can be used. */
const looks = [250, 500, 500, 1000, 1000, 2000, 2000, 4000] as const;

/**
 * Makes what is missing of a deployment, in the order that lets a crash in between be repaired by repeating:
 * the function, its bound, its provisioned concurrency; or, on demand, one call that shows that the model
 * loads.
 * @throws EngineFailed
 */
export async function create(options: LambdaEngineOptions, spec: DeploymentSpec): Promise<void> {
  const { id, units } = spec;
  if ((await findFunction(options, id)) === undefined) await make(options, spec);
  const found = await active(options, id);
  if (found === undefined) return; // it is looked at again
  const mode = modeOf(options, found);
  try {
    await bound(options, id, units, mode, found.Concurrency?.ReservedConcurrentExecutions);
    if (mode === 'onDemand') await warmUp(options, id, found);
    else if ((await findProvisioned(options, id)) === undefined) await provide(options, id, units.min);
  } catch (error) {
    // Not all of Lambda knows the function or its version yet, or it is not ready: it is looked at again.
    if (!isConflict(error) && !isMissing(error)) throw error;
  }
}

async function make(options: LambdaEngineOptions, spec: DeploymentSpec): Promise<void> {
  const { lambda, units, pack } = options;
  if (pack === undefined) throw new Error('This function does not make units.');
  await checkRoom(options, spec.units);
  const ZipFile = await pack(spec.artifact);
  try {
    await ordered(() =>
      lambda.send(
        new CreateFunctionCommand({
          FunctionName: nameOf(options, spec.id),
          Description: `Crowsnest: inference units of ${spec.model.project}/${spec.model.version}`.slice(
            0,
            256,
          ),
          PackageType: 'Zip',
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Code: { ZipFile },
          Layers: [units.layerArn],
          Role: units.roleArn,
          Architectures: [units.architecture],
          MemorySize: units.memory,
          Timeout: units.timeout,
          Environment: { Variables: encodeEnvironment('unit', { UNIT_THREADS: threadsOf(units.memory) }) },
          ...(units.vpc !== undefined && {
            VpcConfig: {
              SubnetIds: [...units.vpc.subnetIds],
              SecurityGroupIds: [...units.vpc.securityGroupIds],
            },
          }),
          LoggingConfig: { LogFormat: 'Text', LogGroup: units.logGroup },
          Publish: true,
          Tags: tagsFor(options, spec.model, {
            [tagKeys.deployment]: spec.id,
            [tagKeys.units]: units.mode,
            ...(isScaled(spec.units) && units.mode === 'provisioned' && { [tagKeys.scaled]: 'true' }),
          }),
        }),
      ),
    );
  } catch (error) {
    // A conflict: an earlier delivery of the same order got through, or the function is a stranger's.
    if (!isConflict(error)) throw error;
  }
}

/**
 * Waits some seconds until the function can be used.
 * @returns undefined if it cannot yet
 * @throws EngineFailed if the name is somebody else's, or Lambda says that it never will
 */
async function active(options: LambdaEngineOptions, id: string): Promise<GetFunctionResponse | undefined> {
  for (const wait of [...looks, undefined]) {
    const found = await findFunction(options, id);
    if (found !== undefined) {
      if (!isOurs(options, found, id)) {
        throw new EngineFailed(
          `There is a function "${nameOf(options, id)}" in this account that Crowsnest did not make, and ` +
            'leaves alone. Delete it, if nobody needs it, and start again.',
        );
      }
      const { State, StateReason = '' } = found.Configuration ?? {};
      if (State === 'Failed') throw new EngineFailed(userMessage(StateReason));
      if (State !== 'Pending') return found;
    }
    if (wait !== undefined) await options.clock.sleep(wait);
  }
  return undefined;
}

/** One call, whose answer says that the model has loaded; a tag remembers it. */
async function warmUp(
  options: LambdaEngineOptions,
  id: string,
  { Tags = {}, Configuration }: GetFunctionResponse,
): Promise<void> {
  if (Tags[tagKeys.warm] !== undefined) return;
  const { lambda } = options;
  const { FunctionError, Payload } = await ordered(() =>
    lambda.send(
      new InvokeCommand({
        FunctionName: nameOf(options, id),
        Qualifier: unitVersion,
        Payload: Buffer.from(JSON.stringify({ kind: 'warmUp' })),
      }),
    ),
  );
  if (FunctionError !== undefined) {
    const { type, message } = errorOf(Payload);
    throw new EngineFailed(userMessage(`The model did not initialise: ${type}: ${message}`));
  }
  const Resource = Configuration?.FunctionArn ?? '';
  await lambda.send(new TagResourceCommand({ Resource, Tags: { [tagKeys.warm]: 'true' } }));
}
