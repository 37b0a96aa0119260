import type { Value } from '../../contract/shapes.ts';
import { inForce, type End, type PolicyInForce } from '../../domain/hosting-policy.ts';
import type { Settings } from '../../domain/settings.ts';
import type { Policies } from '../../store/policies.ts';

/** What holds for a model, of the policies that were read for it. */
export const policyOf = (
  { project, model }: Awaited<ReturnType<Policies['ofModel']>>,
  { hostingPolicy }: Pick<Settings, 'hostingPolicy'>,
): PolicyInForce => inForce(hostingPolicy, project?.policy, model?.policy);

export const endShown = (
  end: End | undefined,
): Pick<Value<'HostedModel'>, 'EndsTimestamp' | 'EndsBecause' | 'EndsBy'> =>
  end === undefined ? {} : { EndsTimestamp: end.at, EndsBecause: end.cause.reason, EndsBy: end.actor };
