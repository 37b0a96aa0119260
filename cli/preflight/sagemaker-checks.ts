import type { DescribeAlgorithmCommandOutput } from '@aws-sdk/client-sagemaker';
import type { Look } from './account-checks.ts';
import { failed, nameOf, ok, unknown, warning, type Finding } from './finding.ts';
import { callJson } from './service-call.ts';

/** What SageMaker needs, where the configuration uses it at all. */
export async function sagemakerChecks(look: Look): Promise<Finding[]> {
  const { algorithmArn, modelPackages, images } = look.config;
  if (algorithmArn === undefined && modelPackages.length === 0 && images.length === 0) return [];
  return [
    ...(algorithmArn === undefined ? [] : await algorithmCheck(look, algorithmArn)),
    ...regionsOf(look, [...(algorithmArn === undefined ? [] : [algorithmArn]), ...modelPackages]),
    ...(await quotaChecks(look)),
  ];
}

/**
 * Marketplace ARNs differ from region to region, and one of another region is not found when it is needed.
 */
function regionsOf({ caller }: Look, arns: readonly string[]): Finding[] {
  return arns
    .filter((arn) => arn.split(':')[3] !== caller.region)
    .map((arn) =>
      failed(
        'product',
        `${arn} is of another region than ${caller.region}`,
        'Copy the ARN that AWS Marketplace shows for this region.',
      ),
    );
}

async function algorithmCheck({ stage, config, caller }: Look, arn: string): Promise<Finding[]> {
  const { DescribeAlgorithmCommand, SageMakerClient } = await import('@aws-sdk/client-sagemaker');
  const client = new SageMakerClient({
    region: caller.region,
    credentials: caller.credentials,
    maxAttempts: 2,
  });
  try {
    const algorithm = await client.send(new DescribeAlgorithmCommand({ AlgorithmName: arn }));
    return [
      algorithm.AlgorithmStatus === 'Completed'
        ? ok('subscription', algorithm.AlgorithmName ?? arn)
        : failed(
            'subscription',
            `the algorithm is ${algorithm.AlgorithmStatus ?? 'of no status'}`,
            'Ask its provider, or subscribe again.',
          ),
      ...instanceTypes(stage, config, algorithm),
    ];
  } catch (error) {
    return [
      /NotFound|ValidationException|AccessDenied/.test(nameOf(error))
        ? failed(
            'subscription',
            `${arn} cannot be described: ${nameOf(error)}, ${error instanceof Error ? error.message : ''}`,
            'Subscribe to it in AWS Marketplace in this account and region, and copy its ARN.',
          )
        : unknown('subscription', error, 'sagemaker:DescribeAlgorithm'),
    ];
  } finally {
    client.destroy();
  }
}

function instanceTypes(
  stage: Look['stage'],
  config: Look['config'],
  { TrainingSpecification: training, InferenceSpecification: inference }: DescribeAlgorithmCommandOutput,
): Finding[] {
  const uses = [
    ['trainingInstanceType', 'train on', training?.SupportedTrainingInstanceTypes],
    ['instanceType', 'host on', inference?.SupportedRealtimeInferenceInstanceTypes],
    ['instanceType', 'evaluate on', inference?.SupportedTransformInstanceTypes],
  ] as const;
  return uses.flatMap(([setting, use, supported]: readonly [(typeof uses)[number][0], string, unknown]) => {
    if (!Array.isArray(supported) || supported.length === 0) return [];
    const types = supported.map(String);
    const type = config[setting];
    const subject = `${use} ${type}`;
    return types.includes(type)
      ? [ok(subject, 'supported by the algorithm')]
      : [
          failed(
            subject,
            `the algorithm supports ${types.join(', ')}`,
            `Choose one of these as ${stage}.${setting}.`,
          ),
        ];
  });
}

/** https://docs.aws.amazon.com/general/latest/gr/sagemaker.html: quotas are named after what they are for. */
async function quotaChecks({ config, caller }: Look): Promise<Finding[]> {
  const units = config.quotas.runningModels * config.quotas.unitsPerModel;
  const wanted = [
    { name: `${config.instanceType} for endpoint usage`, most: units },
    ...(config.algorithmArn === undefined
      ? []
      : [
          {
            name: `${config.trainingInstanceType} for training job usage`,
            most: config.quotas.concurrentTrainings,
          },
          {
            name: `${config.instanceType} for transform job usage`,
            most: config.quotas.concurrentTrainings,
          },
        ]),
  ];
  const values = new Map<string, number>();
  try {
    let NextToken: unknown;
    do {
      const page = await callJson(caller, 'servicequotas', 'ServiceQuotasV20190624.ListServiceQuotas', {
        ServiceCode: 'sagemaker',
        MaxResults: 100,
        ...(NextToken !== undefined && { NextToken }),
      });
      for (const { QuotaName, Value } of (page['Quotas'] ?? []) as { QuotaName: string; Value: number }[])
        values.set(QuotaName, Value);
      NextToken = page['NextToken'];
    } while (typeof NextToken === 'string' && NextToken !== '');
  } catch (error) {
    return [unknown('SageMaker quotas', error, 'servicequotas:ListServiceQuotas')];
  }
  return wanted.map(({ name, most }) => {
    const value = values.get(name) ?? 0;
    const remedy =
      `In Service Quotas, Amazon SageMaker, ask for more of "${name}"; ` + 'it takes from minutes to days.';
    if (value < 1) return failed('quota', `${name}: ${value}`, remedy);
    if (value < most)
      return warning('quota', `${name}: ${value}; the stage's own quotas allow ${most} at once`, remedy);
    return ok('quota', `${name}: ${value}`);
  });
}
