import {
  DescribeModelCommand,
  DescribeProjectCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lookoutvision';
import { accepted, modelOf, refused, require, type Bench, type Case } from './case.ts';

export async function arnOf(bench: Bench): Promise<string> {
  const { ModelDescription } = await bench.target.client.send(new DescribeModelCommand(modelOf(bench)));
  return ModelDescription?.ModelArn ?? '';
}

/** Of a version that is not there. */
export async function missingArn({ target: { client }, project }: Bench): Promise<string> {
  const { ProjectDescription } = await client.send(new DescribeProjectCommand({ ProjectName: project }));
  return `${(ProjectDescription?.ProjectArn ?? '').replace(':project/', ':model/')}/999999`;
}

export const tagCases: readonly Case[] = [
  {
    operation: 'ListTagsForResource',
    title: 'a model that is not there is refused',
    run: async (bench) =>
      refused(
        bench.target.client.send(new ListTagsForResourceCommand({ ResourceArn: await missingArn(bench) })),
        'ResourceNotFoundException',
      ),
  },
  {
    operation: 'TagResource',
    title: 'a model that is not there is refused',
    run: async (bench) =>
      refused(
        bench.target.client.send(new TagResourceCommand({ ResourceArn: await missingArn(bench), Tags: [] })),
        'ResourceNotFoundException',
      ),
  },
  {
    operation: 'UntagResource',
    title: 'a model that is not there is refused',
    run: async (bench) =>
      refused(
        bench.target.client.send(
          new UntagResourceCommand({ ResourceArn: await missingArn(bench), TagKeys: ['line'] }),
        ),
        'ResourceNotFoundException',
      ),
  },
  {
    operation: 'TagResource',
    title: 'is to be seen at once',
    async run(bench) {
      const ResourceArn = await arnOf(bench);
      const { client } = bench.target;
      await accepted(
        'TagResource',
        client.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'line', Value: 'Straße 4' }] })),
      );
      const { Tags } = await accepted(
        'ListTagsForResource',
        client.send(new ListTagsForResourceCommand({ ResourceArn })),
      );
      require(Tags?.some(({ Key, Value }) => Key === 'line' && Value === 'Straße 4') ===
        true, `lists ${JSON.stringify(Tags)}`);
      return 'line=Straße 4';
    },
  },
  {
    operation: 'UntagResource',
    title: 'is to be seen at once',
    async run(bench) {
      const ResourceArn = await arnOf(bench);
      const { client } = bench.target;
      await accepted(
        'UntagResource',
        client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['line', 'never had'] })),
      );
      const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn }));
      require(Tags?.every(({ Key }) => Key !== 'line') === true, `lists ${JSON.stringify(Tags)}`);
      return 'gone';
    },
  },
];
