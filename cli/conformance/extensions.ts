import { randomUUID } from 'node:crypto';
import { bucketOf, require, Skipped, Unlike, type Bench, type Case } from './case.ts';
import { settled } from './poll.ts';

const importing = ({ target, project }: Bench, source: object, to = project): Promise<Response> =>
  target.raw({
    method: 'POST',
    path: `/2020-11-20/projects/${to}/models/import`,
    body: JSON.stringify({ Source: source, Description: 'conformance' }),
    headers: { 'content-type': 'application/json', 'x-amzn-client-token': randomUUID() },
  });

/** @throws Skipped where the stage does not serve extensions */
export async function readExtension(response: Response): Promise<Readonly<Record<string, unknown>>> {
  if (response.headers.get('x-amzn-errortype') === 'UnknownOperationException')
    throw new Skipped('this deployment has its extensions switched off');
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** @returns the answer to an extension's POST, and the type of the error if it is one */
async function posted(
  { target }: Bench,
  path: string,
  body: object,
): Promise<{
  readonly status: number;
  readonly type: string;
  readonly answer: Readonly<Record<string, unknown>>;
}> {
  const response = await target.raw({
    method: 'POST',
    path: `/2020-11-20/projects/${path}`,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return {
    status: response.status,
    type: response.headers.get('x-amzn-errortype') ?? '',
    answer: await readExtension(response),
  };
}

/** The first picture of a manifest that the deployment can read. */
function pictureOf(bench: Bench): { readonly Bucket: string; readonly Key: string } {
  const { 'source-ref': url } = JSON.parse(bench.material.dataset?.lines[0] ?? '{}') as {
    'source-ref'?: string;
  };
  const [, Bucket = bucketOf(bench), Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url ?? '') ?? [];
  return { Bucket, Key };
}

const urlCase = (operation: 'CreateDownloadUrls' | 'CreateUploadUrls', path: string): Case => ({
  operation,
  title: 'only pictures have URLs',
  async run(bench) {
    const Pictures = [{ Bucket: bucketOf(bench), Key: 'model.onnx' }];
    const { status, type } = await posted(bench, `${bench.project}/${path}`, { Pictures });
    require(type === 'ValidationException', `answered ${status} ${type}`);
    return `${type}, ${status}`;
  },
});

const folderCases: readonly Case[] = [
  urlCase('CreateDownloadUrls', 'downloads'),
  urlCase('CreateUploadUrls', 'uploads'),
  {
    operation: 'CreateDownloadUrls',
    title: 'a URL brings the picture, without credentials',
    async run(bench) {
      const { answer, status } = await posted(bench, `${bench.project}/downloads`, {
        Pictures: [pictureOf(bench)],
      });
      const [{ Url = '' } = {}] = (answer['Urls'] ?? []) as { Url?: string }[];
      require(status === 200 && Url !== '', `answered ${status}: ${String(answer['Message'])}`);
      const picture = await fetch(Url);
      const bytes = (await picture.arrayBuffer()).byteLength;
      require(picture.status === 200 && bytes > 0, `the URL answered ${picture.status}`);
      return `${bytes} bytes`;
    },
  },
  {
    operation: 'ImportDataset',
    title: 'a project that is not there is refused',
    async run(bench) {
      const { status, type } = await posted(bench, `${bench.project}-none/datasets/import`, {
        DatasetType: 'train',
        Folders: [{ Bucket: bucketOf(bench), Prefix: 'good/', Class: 'normal' }],
      });
      require(type === 'ResourceNotFoundException', `answered ${status} ${type}`);
      return `${type}, ${status}`;
    },
  },
];

export const extensionCases: readonly Case[] = [
  ...folderCases,
  {
    operation: 'ImportModel',
    title: 'a project that is not there is refused',
    async run(bench) {
      const response = await importing(
        bench,
        { S3: { Bucket: 'crowsnest-conformance' } },
        `${bench.project}-none`,
      );
      const { Message } = await readExtension(response);
      const type = response.headers.get('x-amzn-errortype') ?? 'no type';
      // A deployment may look at the bucket first: it lists those that it reads from.
      if (!['ResourceNotFoundException', 'ValidationException'].includes(type))
        throw new Unlike(`answered ${response.status} ${type}: ${String(Message)}`);
      return `${type}, ${response.status}`;
    },
  },
  {
    operation: 'ImportModel',
    title: 'takes in a model',
    async run(bench) {
      const { source } = bench.material;
      if (source === undefined)
        throw new Skipped('there is no model: see --model-s3, --model-package-arn, --bucket and --data-dir');
      const response = await importing(bench, source);
      const { ModelMetadata, Message } = (await readExtension(response)) as {
        ModelMetadata?: { ModelVersion?: string };
        Message?: string;
      };
      require(response.status === 202, `answered ${response.status}: ${Message ?? ''}`);
      const version = ModelMetadata?.ModelVersion ?? '';
      const { Status, StatusMessage } = await settled(
        bench,
        { ProjectName: bench.project, ModelVersion: version },
        'TRAINING',
      );
      require(Status === 'TRAINED', `ended in ${Status ?? 'nothing'}: ${StatusMessage ?? ''}`);
      bench.model = version;
      return `version ${version}, TRAINED`;
    },
  },
];
