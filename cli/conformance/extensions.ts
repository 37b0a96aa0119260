import { randomUUID } from 'node:crypto';
import { require, Skipped, Unlike, type Bench, type Case } from './case.ts';
import { settled } from './poll.ts';

const importing = ({ target, project }: Bench, source: object, to = project): Promise<Response> =>
  target.raw({
    method: 'POST',
    path: `/2020-11-20/projects/${to}/models/import`,
    body: JSON.stringify({ Source: source, Description: 'conformance' }),
    headers: { 'content-type': 'application/json', 'x-amzn-client-token': randomUUID() },
  });

/** @throws Skipped where the stage does not serve extensions */
async function read(response: Response): Promise<Readonly<Record<string, unknown>>> {
  if (response.headers.get('x-amzn-errortype') === 'UnknownOperationException')
    throw new Skipped('this deployment has its extensions switched off');
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

export const extensionCases: readonly Case[] = [
  {
    operation: 'ImportModel',
    title: 'a project that is not there is refused',
    async run(bench) {
      const response = await importing(
        bench,
        { S3: { Bucket: 'crowsnest-conformance' } },
        `${bench.project}-none`,
      );
      const { Message } = await read(response);
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
      const { ModelMetadata, Message } = (await read(response)) as {
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
