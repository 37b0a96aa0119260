import {
  DescribeModelPackagingJobCommand,
  ListModelPackagingJobsCommand,
  StartModelPackagingJobCommand,
} from '@aws-sdk/client-lookoutvision';
import { accepted, bucketOf, missingModel, refused, require, type Case } from './case.ts';

export const packagingCases: readonly Case[] = [
  {
    operation: 'ListModelPackagingJobs',
    title: 'lists the jobs of the project',
    async run({ target: { client }, project }) {
      const { ModelPackagingJobs } = await accepted(
        'ListModelPackagingJobs',
        client.send(new ListModelPackagingJobsCommand({ ProjectName: project })),
      );
      require(ModelPackagingJobs?.length === 0, 'does not give an empty list');
      return 'no jobs';
    },
  },
  {
    operation: 'DescribeModelPackagingJob',
    title: 'a job that is not there is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new DescribeModelPackagingJobCommand({ ProjectName: project, JobName: 'none' })),
        'ResourceNotFoundException',
      ),
  },
  {
    operation: 'StartModelPackagingJob',
    title: 'a version that is not there is refused',
    async run(bench) {
      return refused(
        bench.target.client.send(
          new StartModelPackagingJobCommand({
            ...missingModel(bench),
            Configuration: {
              Greengrass: {
                S3OutputLocation: { Bucket: bucketOf(bench), Prefix: '' },
                ComponentName: 'conformance',
                TargetDevice: 'jetson_xavier',
              },
            },
          }),
        ),
        'ResourceNotFoundException',
        { ResourceType: 'MODEL' },
      );
    },
  },
];
