import { DeleteFunctionCommand } from '@aws-sdk/client-lambda';
import type { DeploymentRef, HostingEngine, Observation } from '../engine.ts';
import { nameOf, tagKeys } from '../names.ts';
import { create } from './create.ts';
import { findFunction, findProvisioned, isOurs, modeOf } from './functions.ts';
import type { LambdaEngineOptions } from './options.ts';
import { isConflict, isMissing, userMessage } from './refusals.ts';
import { scale, unfollow } from './scaling.ts';

/**
 * Hosts ONNX artifacts in Lambda functions: one function a deployment, one unit one execution environment
 * of it. Min is provisioned concurrency on the function's version, or none where the stage's units are on
 * demand; Max is reserved concurrency, and a policy that lets what is provisioned follow demand.
 */
export const createLambdaEngine = (options: LambdaEngineOptions): Omit<HostingEngine, 'detect'> => ({
  create: (spec) => create(options, spec),
  observe: (deployment) => observe(options, deployment),
  scale: (deployment, units) => scale(options, deployment, units),
  remove: (deployment) => remove(options, deployment),
});

/**
 * The level of a function and of what is provisioned on it. `removing` means that the function is there and
 * what must go with it is not: `create`, repeated, makes what is missing. `gone` is never sealed, because a
 * call that creates may still be on its way.
 */
async function observe(options: LambdaEngineOptions, { id }: DeploymentRef): Promise<Observation> {
  const found = await findFunction(options, id);
  if (found === undefined || !isOurs(options, found, id)) return { state: 'gone', sealed: false };
  const { State, StateReason = '', LastUpdateStatus } = found.Configuration ?? {};
  if (State === 'Failed') return { state: 'failed', reason: userMessage(StateReason) };
  if (State === 'Pending') return { state: 'creating', note: 'The function of its units is being made.' };
  if (modeOf(options, found) === 'onDemand') {
    return found.Tags?.[tagKeys.warm] === undefined
      ? { state: 'removing', note: 'Its first unit has still to load the model.' }
      : { state: 'ready', ...noteOf(LastUpdateStatus) };
  }
  const provisioned = await findProvisioned(options, id);
  const {
    Status,
    StatusReason = '',
    RequestedProvisionedConcurrentExecutions: requested = 0,
    AvailableProvisionedConcurrentExecutions: available = 0,
  } = provisioned ?? {};
  if (provisioned === undefined) return { state: 'removing', note: 'No unit is provisioned.' };
  const counted = { unitsInService: available };
  if (Status === 'READY') return { state: 'ready', ...counted, ...noteOf(LastUpdateStatus) };
  if (available > 0) {
    return {
      state: 'ready',
      ...counted,
      note:
        Status === 'FAILED'
          ? `A change of the units in service did not succeed. ${userMessage(StatusReason)}`
          : 'The number of units in service is changing.',
    };
  }
  return Status === 'FAILED'
    ? { state: 'failed', reason: userMessage(StatusReason) }
    : { state: 'creating', note: `0 of ${requested} units are ready.` };
}

/**
 * Crowsnest updates no function that it has made; a published version serves on while somebody else does.
 */
const noteOf = (update: string | undefined): { readonly note?: string } =>
  update === 'InProgress'
    ? { note: 'Somebody is updating the function of its units. It can be changed and stopped after that.' }
    : {};

/**
 * Deletes the function, and with it its versions and what is provisioned and reserved. A function that is
 * being made or updated refuses to go, and is left for the next call. What our tags are not on is not ours,
 * and stays.
 */
async function remove(options: LambdaEngineOptions, { id }: DeploymentRef): Promise<void> {
  const name = nameOf(options, id);
  const found = await findFunction(options, id);
  if (found !== undefined && !isOurs(options, found, id)) return;
  // Also without a function: whoever was here before may have ended between the two, or somebody else deleted
  // it. A stage whose units are on demand registers nothing, and asks nobody.
  if (found === undefined) {
    if (options.units.mode === 'provisioned') await unfollow(options, name);
    return;
  }
  const scaled = found.Tags?.[tagKeys.scaled] !== undefined;
  if (scaled) await unfollow(options, name);
  try {
    await options.lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
  } catch (error) {
    if (isConflict(error)) return;
    if (!isMissing(error)) throw error;
  }
  // Once more: a start that was overtaken may have registered it since; without a function nobody can.
  if (scaled) await unfollow(options, name);
}
