import type { DeploymentRef, HostingEngine, Observation } from '../../engine.ts';
import { create } from './create.ts';
import { detect } from './detect.ts';
import { nameOf } from './names.ts';
import { BadSageMakerOption, checkOptions, type SageMakerEngineOptions } from './options.ts';
import { remove } from './remove.ts';
import { areOurs, findArn, findEndpoint, isOurEndpoint, tagsAt } from './resources.ts';
import { isScaled } from '../../follow-demand.ts';
import { checkScalable, follow } from './scaling.ts';
import { observationOf } from './status.ts';

/**
 * Hosts models on SageMaker endpoints: one unit is one instance. A start costs three calls (model,
 * configuration, endpoint), one DescribeEndpoint per look, and two calls to Application Auto Scaling if a
 * maximum was given.
 * @throws BadSageMakerOption
 */
export function createSageMakerEngine(options: SageMakerEngineOptions): HostingEngine {
  checkOptions(options);
  if (!(options.invocationsPerInstance > 0))
    throw new BadSageMakerOption(
      `invocationsPerInstance must be above 0, not ${options.invocationsPerInstance}`,
    );
  return {
    create: (spec) => create(options, spec),
    observe: (deployment) => observe(options, deployment),
    async scale({ id }, units) {
      if (!isScaled(units)) return;
      checkScalable(options, units);
      await follow(options, nameOf(options, id), units);
    },
    remove: (deployment) => remove(options, deployment),
    detect: (deployment, picture, type) => detect(options, deployment, picture, type),
  };
}

/**
 * A level of three resources together. While the endpoint is there it is the endpoint's. Without it, a
 * configuration or model of ours that is left is `removing`: nothing serves, and something is still to be
 * taken away. `gone` means that nothing of ours is left, and is never sealed, because a call that creates may
 * still be on its way.
 *
 * Where a deployment should be starting or hosted, both mean that its endpoint is missing: `create`,
 * repeated, makes what is missing.
 */
async function observe(options: SageMakerEngineOptions, { id }: DeploymentRef): Promise<Observation> {
  const name = nameOf(options, id);
  const endpoint = await findEndpoint(options, name);
  if (endpoint !== undefined && (await isOurEndpoint(options, endpoint, id)))
    return observationOf(endpoint, { name, instanceType: options.instanceType });
  for (const kind of ['endpoint configuration', 'model'] as const) {
    const arn = await findArn(options, kind, name);
    if (arn !== undefined && areOurs(options, await tagsAt(options, arn), id)) {
      return {
        state: 'removing',
        note: `There is no endpoint, but its ${kind === 'model' ? 'model' : 'configuration'} is still there.`,
      };
    }
  }
  return { state: 'gone', sealed: false };
}
