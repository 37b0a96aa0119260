import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AccessDeniedException,
  paginateListProjects,
  UpdateDatasetEntriesCommand,
  StartModelPackagingJobCommand,
  DescribeDatasetCommand,
  CreateModelCommand,
  CreateDatasetCommand,
  CreateProjectCommand,
  DescribeModelCommand,
  DescribeProjectCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  ListProjectsCommand,
  ListTagsForResourceCommand,
  LookoutVisionClient,
  StartModelCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lookoutvision';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { picture } from '../helpers/artifacts.ts';
import { TestDynamo } from '../helpers/dynamo.ts';
import { World } from '../helpers/world.ts';

const admin = { accessKeyId: 'ADMIN', secretAccessKey: 'admin-secret' };
const line = { accessKeyId: 'LINE4', secretAccessKey: 'line-secret' };
const lab = { accessKeyId: 'LAB', secretAccessKey: 'lab-secret' };
const keys = [
  { ...admin, name: 'admin', actions: ['*'], projects: ['*'], buckets: ['*'] },
  {
    ...line,
    name: 'line-4',
    actions: ['Describe*', 'DetectAnomalies', 'CreateProject', 'ListTagsForResource', 'List*Models'],
    projects: ['line-4-*'],
    buckets: ['crowsnest-samples'],
  },
  {
    ...lab,
    name: 'lab',
    actions: ['*'],
    projects: ['lab-*'],
    buckets: ['lab-pictures'],
  },
];
const model = { ProjectName: 'parts', ModelVersion: '1' };
const arn = 'arn:aws:lookoutvision:us-east-1:111122223333:model/parts/1';

let dynamo: TestDynamo;
let world: World;

beforeAll(async () => {
  dynamo = await TestDynamo.start();
  world = await World.open(dynamo, { keys });
  world.clock.advance((Date.now() - world.clock.now()) / 1000); // clients set their clock by the answers' Date, which is the machine's
  await clientOf().send(new CreateProjectCommand({ ProjectName: 'parts' }));
  const imported = await signedFetch(
    '/2020-11-20/projects/parts/models/import',
    JSON.stringify({ Source: { S3: { Bucket: 'models', Prefix: 'part/' } } }),
  );
  expect(imported.status).toBe(202);
  await world.settle();
});
afterAll(() => dynamo.close());

interface Signer {
  readonly key?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly signingName?: string;
  /** How far the clock of the machine that signs is off, in milliseconds. */
  readonly off?: number;
}

/** The original client, one attempt a call. */
function clientOf({ key = admin, signingName = 'lookoutvision', off = 0 }: Signer = {}): LookoutVisionClient {
  const options = {
    endpoint: world.url,
    region: 'us-east-1',
    credentials: key,
    maxAttempts: 1,
    signingName,
    systemClockOffset: off,
  };
  return new LookoutVisionClient(options);
}

interface Sent {
  path: string;
  query: Record<string, string | string[]>;
  headers: Record<string, string>;
  body: unknown;
}

/** A client whose requests somebody changes: on their way, or before they are signed. */
function changing(
  relation: 'after' | 'before',
  change: (request: Sent) => void,
  signer: Signer = {},
): LookoutVisionClient {
  const client = clientOf(signer);
  const somebody = (next: (args: { request: Sent }) => unknown) => (args: { request: Sent }) => {
    change(args.request);
    return next(args);
  };
  client.middlewareStack.addRelativeTo(somebody as never, {
    relation,
    toMiddleware: 'httpSigningMiddleware',
    name: 'somebody',
  });
  return client;
}

async function signedFetch(path: string, body: string, credentials = admin): Promise<Response> {
  const { host, hostname } = new URL(world.url);
  const signer = new SignatureV4({
    credentials,
    region: 'us-east-1',
    service: 'lookoutvision',
    sha256: Hash.bind(null, 'sha256'),
  });
  const signingDate = new Date(world.clock.now());
  const { headers } = await signer.sign(
    { method: 'POST', protocol: 'http:', hostname, path, headers: { host }, body },
    { signingDate },
  );
  return fetch(`${world.url}${path}`, { method: 'POST', headers, body });
}

const denied = (message: string | RegExp) => ({
  name: 'AccessDeniedException',
  constructor: AccessDeniedException,
  $metadata: expect.objectContaining({ httpStatusCode: 403 }) as unknown,
  message: expect.stringMatching(message) as unknown,
});

describe('who signs well', () => {
  test.each(['lookoutvision', 'execute-api'])(
    'for %s is let in, and is known by name',
    async (signingName) => {
      const client = clientOf({ signingName });
      expect(
        (await client.send(new DescribeProjectCommand({ ProjectName: 'parts' }))).ProjectDescription
          ?.ProjectName,
      ).toBe('parts');
      await client.send(
        new CreateProjectCommand({ ProjectName: `by-${signingName}`, ClientToken: `by-${signingName}` }),
      );
    },
  );

  test('may name an ARN in the path, and lists, plus signs and letters of any script in the query', async () => {
    const client = clientOf();
    const tags = { 'a b+c': '1', 'größe/x=y': 'ü', 'k:v@z': '' };
    await client.send(
      new TagResourceCommand({
        ResourceArn: arn,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags).toHaveLength(3);
    await client.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['größe/x=y', 'a b+c'] }));
    expect((await client.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags).toEqual([
      { Key: 'k:v@z', Value: '' },
    ]);
    // a signature that covers the token, and a token that nobody gave out
    await expect(
      client.send(new ListModelsCommand({ ProjectName: 'parts', NextToken: 'a+/=' })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('may stream a picture without signing it, and nothing else', async () => {
    await clientOf().send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: 'start' }));
    await world.settle();
    expect((await clientOf().send(new DescribeModelCommand(model))).ModelDescription?.Status).toBe('HOSTED');
    let sent: Record<string, string> = {};
    const client = changing('after', ({ headers }) => {
      sent = headers;
    });
    const bytes = await picture('#fff').png().toBuffer();
    const Body = Readable.from([bytes.subarray(0, 50), bytes.subarray(50)]);
    const { DetectAnomalyResult } = await client.send(
      new DetectAnomaliesCommand({ ...model, ContentType: 'image/png', Body }),
    );
    expect(typeof DetectAnomalyResult?.IsAnomalous).toBe('boolean');
    expect(sent).toMatchObject({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
    expect(sent).not.toHaveProperty('content-length');

    const sly = changing('before', ({ headers }) => {
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
    });
    await expect(sly.send(new CreateProjectCommand({ ProjectName: 'sly' }))).rejects.toMatchObject(
      denied('The body is not the one that was signed.'),
    );
  });
});

describe('refused is, as an AccessDeniedException,', () => {
  const call = () => new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: 'a-token' });
  const wrong = /^The request signature we calculated does not match/;

  test.each<[string, () => LookoutVisionClient, string | RegExp]>([
    ['a wrong secret', () => clientOf({ key: { ...admin, secretAccessKey: 'another' } }), wrong],
    ['an unknown key', () => clientOf({ key: { ...admin, accessKeyId: 'WHO' } }), /unknown access key/],
    ['another service', () => clientOf({ signingName: 's3' }), /not signed for lookoutvision or execute-api/],
    [
      'a clock six minutes behind',
      () => clientOf({ off: -6 * 60_000 }),
      /^The signature is too old, or from the future/,
    ],
    [
      'a clock six minutes ahead',
      () => clientOf({ off: 6 * 60_000 }),
      /^The signature is too old, or from the future/,
    ],
    [
      'a body changed on its way',
      () =>
        changing('after', (request) => {
          request.body = '{"MinInferenceUnits":5}';
          request.headers['content-length'] = '23';
        }),
      'The body is not the one that was signed.',
    ],
    [
      'a body changed along with its hash',
      () =>
        changing('after', (request) => {
          request.body = '{"MinInferenceUnits":5}';
          request.headers['content-length'] = '23';
          request.headers['x-amz-content-sha256'] = createHash('sha256')
            .update('{"MinInferenceUnits":5}')
            .digest('hex');
        }),
      wrong,
    ],
    [
      'a path changed on its way',
      () =>
        changing('after', (request) => {
          request.path = request.path.replace('parts/models/1', 'parts/models/2');
        }),
      wrong,
    ],
    [
      'a query added on its way',
      () =>
        changing('after', (request) => {
          request.query['maxResults'] = '1';
        }),
      wrong,
    ],
    [
      'a client token changed on its way',
      () =>
        changing('after', ({ headers }) => {
          headers['x-amzn-client-token'] = 'another';
        }),
      wrong,
    ],
    [
      'a client token that is not signed',
      () =>
        changing('after', ({ headers }) => {
          headers['authorization'] = (headers['authorization'] ?? '').replace(
            'x-amzn-client-token',
            'x-amzn-other',
          );
        }),
      'The header x-amzn-client-token must be signed.',
    ],
    [
      'a session token that is not signed',
      () =>
        changing('after', ({ headers }) => {
          headers['x-amz-security-token'] = 'T';
        }),
      'The header x-amz-security-token must be signed.',
    ],
    [
      'no signature at all',
      () =>
        changing('after', ({ headers }) => {
          delete headers['authorization'];
        }),
      /^The request must be signed/,
    ],
    [
      'what is no signature',
      () =>
        changing('after', ({ headers }) => {
          headers['authorization'] = 'Bearer x';
        }),
      /^The request must be signed/,
    ],
    [
      'no date',
      () =>
        changing('after', ({ headers }) => {
          delete headers['x-amz-date'];
        }),
      /^The signature is too old/,
    ],
  ])('%s', async (_what, client, message) => {
    await expect(client().send(call())).rejects.toMatchObject(denied(message));
  });

  test('whoever does not sign, before anything else is said about the request', async () => {
    const response = await fetch(`${world.url}/2020-11-20/projects/no.name/models/x/start`, {
      method: 'POST',
      body: 'no json',
    });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'AccessDeniedException',
    ]);
  });
});

describe('a key may do what it may', () => {
  const user = 'User: arn:aws:iam::111122223333:user/line-4 is not authorized to perform: lookoutvision:';
  const own = { ProjectName: 'line-4-parts' };

  test('in its projects, by its actions', async () => {
    const client = clientOf({ key: line });
    await client.send(new CreateProjectCommand(own));
    expect((await client.send(new DescribeProjectCommand(own))).ProjectDescription?.ProjectName).toBe(
      'line-4-parts',
    );
    expect((await client.send(new ListModelsCommand(own))).Models).toEqual([]);
  });

  test.each([
    [
      'an action that it has not',
      () => new StartModelCommand({ ...own, ModelVersion: '1', MinInferenceUnits: 1 }),
      `${user}StartModel on resource: arn:aws:lookoutvision:us-east-1:111122223333:model/line-4-parts/1`,
    ],
    ['an action without a resource', () => new ListProjectsCommand({}), `${user}ListProjects on resource: *`],
    [
      'a project that is not its own',
      () => new DescribeProjectCommand({ ProjectName: 'parts' }),
      `${user}DescribeProject on resource: arn:aws:lookoutvision:us-east-1:111122223333:project/parts`,
    ],
    [
      'a project that would not be its own',
      () => new CreateProjectCommand({ ProjectName: 'another' }),
      `${user}CreateProject on resource: arn:aws:lookoutvision:us-east-1:111122223333:project/another`,
    ],
    [
      'a model that is not its own',
      () => new DescribeModelCommand(model),
      `${user}DescribeModel on resource: ${arn}`,
    ],
    [
      'tags of a model that is not its own',
      () => new ListTagsForResourceCommand({ ResourceArn: arn }),
      `${user}ListTagsForResource on resource: ${arn}`,
    ],
  ])('but not %s', async (_what, command, message) => {
    await expect(clientOf({ key: line }).send(command() as DescribeModelCommand)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message,
    });
  });
});

describe('what a key reaches', () => {
  const ProjectName = 'lab-1';
  const names = async (key: typeof admin): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for await (const page of paginateListProjects({ client: clientOf({ key }), pageSize: 1 }, {}))
      found.push(...(page.Projects ?? []).map((each) => each.ProjectName));
    return found;
  };
  const noBucket = (bucket: string): Record<string, unknown> => ({
    name: 'AccessDeniedException',
    message: `User: arn:aws:iam::111122223333:user/lab is not authorized to use the bucket ${bucket}`,
  });

  test('ListProjects tells of its projects alone, page by page', async () => {
    await clientOf({ key: lab }).send(new CreateProjectCommand({ ProjectName }));
    await clientOf({ key: lab }).send(new CreateProjectCommand({ ProjectName: 'lab-2' }));
    expect(await names(lab)).toEqual(['lab-1', 'lab-2']);
    expect(await names(admin)).toEqual(expect.arrayContaining(['lab-1', 'lab-2', 'parts']));
  });

  test("every bucket that a call names must be the key's", async () => {
    const client = clientOf({ key: lab });
    const manifest = (Bucket: string) =>
      new CreateDatasetCommand({
        ProjectName,
        DatasetType: 'train',
        DatasetSource: { GroundTruthManifest: { S3Object: { Bucket, Key: 'train.manifest' } } },
      });
    await expect(client.send(manifest('secrets'))).rejects.toMatchObject(noBucket('secrets'));
    await expect(
      client.send(
        new CreateModelCommand({
          ProjectName,
          OutputConfig: { S3Location: { Bucket: 'crowsnest-samples', Prefix: 'out/' } },
        }),
      ),
    ).rejects.toMatchObject(noBucket('crowsnest-samples'));
    await expect(
      client.send(
        new StartModelPackagingJobCommand({
          ProjectName,
          ModelVersion: '1',
          Configuration: {
            Greengrass: {
              ComponentName: 'lab.part',
              TargetDevice: 'jetson_xavier',
              S3OutputLocation: { Bucket: 'secrets', Prefix: 'x' },
            },
          },
        }),
      ),
    ).rejects.toMatchObject({ name: expect.stringMatching(/AccessDenied|NotFound/) });
    const imported = await signedFetch(
      `/2020-11-20/projects/${ProjectName}/models/import`,
      JSON.stringify({ Source: { S3: { Bucket: 'secrets', Prefix: 'model/' } } }),
      lab,
    );
    expect(imported.status).toBe(403);
    expect(await clientOf().send(new DescribeProjectCommand({ ProjectName }))).toMatchObject({
      ProjectDescription: { Datasets: [] },
    });
  });

  test('a line that names a picture in another bucket fails its dataset', async () => {
    const client = clientOf({ key: lab });
    await client.send(new CreateDatasetCommand({ ProjectName, DatasetType: 'train' }));
    const entry = (bucket: string): string =>
      JSON.stringify({
        'source-ref': `s3://${bucket}/1.png`,
        'anomaly-label': 0,
        'anomaly-label-metadata': { 'class-name': 'normal', type: 'groundtruth/image-classification' },
      });
    const add = async (bucket: string) => {
      await client.send(
        new UpdateDatasetEntriesCommand({
          ProjectName,
          DatasetType: 'train',
          Changes: Buffer.from(`${entry(bucket)}\n`),
        }),
      );
      await world.settle();
      return (await client.send(new DescribeDatasetCommand({ ProjectName, DatasetType: 'train' })))
        .DatasetDescription;
    };
    expect(await add('secrets')).toMatchObject({
      Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
      StatusMessage: expect.stringContaining("names bucket 'secrets'"),
    });
    expect(await add('lab-pictures')).toMatchObject({ Status: 'UPDATE_COMPLETE' });
  });

  test('a key that may use every bucket may name no bucket that the stage does not list', async () => {
    const strict = await World.open(dynamo, { keys, settings: { buckets: ['lab-pictures'] } });
    strict.clock.advance((Date.now() - strict.clock.now()) / 1000);
    const client = new LookoutVisionClient({
      endpoint: strict.url,
      region: 'us-east-1',
      credentials: admin,
      maxAttempts: 1,
    });
    const strictly = { ProjectName: 'strictly', DatasetType: 'train' as const };
    await client.send(new CreateProjectCommand({ ProjectName: strictly.ProjectName }));
    await client.send(new CreateDatasetCommand(strictly));
    const Changes = Buffer.from('{"source-ref":"s3://secrets/1.png"}\n');
    await client.send(new UpdateDatasetEntriesCommand({ ...strictly, Changes }));
    await strict.settle();
    expect((await client.send(new DescribeDatasetCommand(strictly))).DatasetDescription).toMatchObject({
      Status: 'UPDATE_FAILED_ROLLBACK_COMPLETE',
      StatusMessage: expect.stringContaining(
        "names bucket 'secrets', which is none of those that this deployment may use: [lab-pictures]",
      ),
    });
    client.destroy();
    await strict.close();
  });

  test('a signature for another region is refused, and says which is served', async () => {
    const client = new LookoutVisionClient({
      endpoint: world.url,
      region: 'eu-west-1',
      credentials: admin,
      maxAttempts: 1,
    });
    await expect(client.send(new ListProjectsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'The request is signed for the region eu-west-1, and this host serves us-east-1.',
    });
    client.destroy();
  });
});
