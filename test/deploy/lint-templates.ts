import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { usage } from '../../cli/usage.ts';
import { synthesise } from '../lib/template.ts';
import { run } from './processes.ts';
import { pythonWith, root } from './python.ts';

// npm run lint:templates: cfn-lint over the template of every stage.

usage(
  'npm run lint:templates: holds the template of every stage, and of stages in which everything is configured, ' +
    'against cfn-lint. It needs Python 3.11 and PyPI.',
);

const kms = (digit: string): string =>
  `arn:aws:kms:eu-west-1:111122223333:key/${digit.repeat(8)}-89ab-cdef-0123-456789abcdef`;

/** Stages as they come, and two with everything that a configuration may say. */
const stages = [
  synthesise('dev'),
  synthesise('staging'),
  synthesise('prod'),
  synthesise('staging', {
    endpoint: 'private',
    vpcEndpointIds: ['vpce-0123456789abcdef0'],
    vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
    callerAccounts: ['444455556666'],
    rolePath: '/service/',
    permissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/boundary',
    gatewayLogRole: false,
    restoredTable: 'restored-rows',
  }),
  synthesise('prod', {
    trainer: 'sagemaker',
    algorithmArn: 'arn:aws:sagemaker:eu-west-1:865070037744:algorithm/vision',
    images: ['444455556666.dkr.ecr.eu-west-1.amazonaws.com/inspection:*'],
    modelPackages: ['arn:aws:sagemaker:eu-west-1:865070037744:model-package/vision-*'],
    buckets: ['cameras'],
    bucketKeyArns: [kms('1')],
    keyArn: kms('2'),
    formerKeyArns: [kms('3')],
    volumeKeyArn: kms('4'),
    lambda: { architecture: 'arm64' },
    domain: {
      name: 'vision.example.com',
      certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/1',
      basePath: 'vision',
    },
    tags: { team: 'vision' },
  }),
];

/** Rules that do not concern what is deployed, each with its reason. */
const ignored = [
  'W3005', // the CDK writes a dependency on a role beside the reference to it; one of both is superfluous
];

const command = { cwd: root, env: process.env, signal: AbortSignal.timeout(15 * 60_000) };
try {
  const python = await pythonWith(
    'cfn-lint',
    join(import.meta.dirname, 'cfn-lint-requirements.txt'),
    command,
  );
  const templates = stages.map(({ templateFile }) => templateFile);
  await run(
    join(dirname(python), 'cfn-lint'),
    ['--regions', 'us-east-1', 'eu-west-1', '--ignore-checks', ...ignored, '--', ...templates],
    command,
  );
  console.log(`${templates.length} templates, no finding`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const { directory } of stages) rmSync(directory, { recursive: true, force: true });
}
