import {
  CreateBucketCommand,
  DeleteBucketCommand,
  ListObjectsV2Command,
  DeleteObjectCommand,
} from '@aws-sdk/client-s3';
import { createUser, functionsOf, inventory, invoke, invokeStatement, type User } from './account.ts';
import { bucket, stackName, stage, type Deployment, type Outputs } from './deployment.ts';
import { region } from './emulator.ts';
import { datasetLife } from './dataset-life.ts';
import { hostImported } from './model-life.ts';
import { smokeTest } from './smoke-test.ts';
import { trainingLife } from './training-life.ts';
import type { Steps } from './steps.ts';

const expect = (is: boolean, otherwise: string): void => {
  if (!is) throw new Error(otherwise);
};

/**
 * What "How to leave" of docs/deploying.md says that may stay, besides the bucket of artifacts: the role that
 * API Gateway logs with, and the group that the drain's last lines are late for.
 */
const documented = [
  `role ${stackName}-ApiRestCloudWatchRole`,
  `log /aws/cloudformation/${stackName}/DrainProviderLog`,
];

/** From an empty account to a model that answers, and back out: docs/deploying.md, lived through. */
export async function life(steps: Steps, deployment: Deployment): Promise<void> {
  await steps.check('crowsnest preflight finds what is missing', async () => {
    const findings = await preflight(deployment, false);
    expect(findings.includes('failed   bootstrap'), findings);
    expect(findings.includes(`failed   bucket ${bucket}`), findings);
    return undefined;
  });
  await steps.run('cdk bootstrap -c stage=dev', async () => {
    await deployment.cdk('bootstrap', '-c', `stage=${stage}`);
  });
  const bootstrapped = await inventory();
  const s3 = deployment.s3(deployment.deployer);
  await s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: region },
    }),
  );
  await steps.check('crowsnest preflight -c stage=dev', async () =>
    (await preflight(deployment, true)).trim().split('\n').at(-1),
  );
  const outputs = await steps.run('cdk deploy -c stage=dev --require-approval never', () =>
    deployment.deploy(),
  );
  const owner = await createUser('owner', [
    invokeStatement(outputs.ApiId, '*'),
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'],
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    },
  ]);
  await steps.check('the smoke test of docs/deploying.md', () => smokeTest(deployment, outputs, owner));
  await steps.check('signatures and policies decide who may call', () =>
    refusals(deployment, outputs, owner),
  );
  await steps.check("every function starts under AWS's runtime interface client", startEvery);
  await steps.check('crowsnest conformance, a model and training included', () =>
    conformance(deployment, outputs, owner),
  );
  await trainingLife(steps, deployment, outputs, owner);
  await datasetLife(steps, deployment, outputs, owner);
  const hosted = await hostImported(steps, deployment, outputs, owner);
  await steps.run('cdk deploy of changed code, while the model is hosted', async () => {
    await deployment.project.changeCode();
    const again = await deployment.deploy();
    expect(again.ApiId === outputs.ApiId, 'an update keeps the API');
    return hosted.judgeAgain();
  });
  await hosted.end();
  await steps.run('cdk destroy -c stage=dev', async () => {
    await deployment.cdk('destroy', '-c', `stage=${stage}`, '--force');
  });
  await steps.check('nothing is left but what docs/deploying.md says', async () => {
    const kept = [`bucket ${bucket}`, `bucket ${outputs.ArtifactBucket}`, ...documented];
    const left = (await inventory()).filter((each) => !bootstrapped.includes(each));
    const strange = left.filter((each) => !kept.some((known) => each.startsWith(known)));
    expect(strange.length === 0, `left behind: ${strange.join(', ')}`);
    return `kept: ${left.join(', ')}`;
  });
  for (const Bucket of [bucket, outputs.ArtifactBucket]) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  }
}

/** @returns what it printed, whichever way it ended; that must be `passes` */
async function preflight(deployment: Deployment, passes: boolean): Promise<string> {
  const command = ['crowsnest', 'preflight', '-c', `stage=${stage}`];
  let ended = true;
  const printed = await deployment.run(deployment.deployer, 'npx', ...command).catch((error: unknown) => {
    ended = false;
    return String(error);
  });
  expect(ended === passes, printed);
  return printed;
}

async function refusals(deployment: Deployment, outputs: Outputs, owner: User): Promise<string> {
  const projects = `${deployment.endpoint(outputs)}/2020-11-20/projects`;
  const stranger = await createUser('stranger', [
    { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
  ]);
  const line = await createUser('line', [
    invokeStatement(outputs.ApiId, 'GET/2020-11-20/projects/lids/models/*'),
  ]);
  const status = async ({ accessKeyId, secretAccessKey }: User, url = projects): Promise<string> => {
    const sign = ['--aws-sigv4', `aws:amz:${region}:execute-api`];
    const answer = ['-o', '/dev/null', '-w', '%{http_code}'];
    const user = ['--user', `${accessKeyId}:${secretAccessKey}`];
    return deployment.run(owner, 'curl', '-sS', ...sign, ...user, ...answer, url);
  };
  const told = {
    owner: await status(owner),
    'another secret': await status({ ...owner, secretAccessKey: 'another' }),
    stranger: await status(stranger),
    'line, elsewhere': await status(line),
    'line, its own': await status(line, `${projects}/lids/models/1`),
  };
  const right = { owner: '200', 'another secret': '403', stranger: '403', 'line, elsewhere': '403' };
  const is = JSON.stringify(told);
  expect(is === JSON.stringify({ ...right, 'line, its own': '404' }), is);
  return is;
}

/** A handler that is not found, a module that does not load or an environment that is refused is told by its type. */
async function startEvery(): Promise<string> {
  const all = (await functionsOf(stackName)).filter(({ handler }) => handler.startsWith('index.'));
  expect(all.length > 20, `there are ${all.length} functions`);
  const types = new Map<string, number>();
  for (const { name } of all) {
    const { errorType = 'none', text } = await invoke(name, {});
    expect(!/^(Runtime|Sandbox)\.|^BadEnvironment$/.test(errorType), `${name}: ${text.slice(0, 500)}`);
    types.set(errorType, (types.get(errorType) ?? 0) + 1);
  }
  return `${all.length} functions; to an empty event: ${[...types].map(([type, n]) => `${type} ${n}`).join(', ')}`;
}

async function conformance(deployment: Deployment, outputs: Outputs, owner: User): Promise<string> {
  const flags = ['--endpoint', deployment.endpoint(outputs), '--signing-name', 'execute-api'];
  const printed = await deployment.run(
    owner,
    'npx',
    'crowsnest',
    'conformance',
    ...flags,
    '--region',
    region,
    '--bucket',
    bucket,
    '--timeout',
    '5',
  );
  return printed.trim().split('\n').slice(-3).join('; ');
}
