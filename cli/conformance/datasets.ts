import {
  CreateDatasetCommand,
  CreateModelCommand,
  DeleteDatasetCommand,
  DescribeDatasetCommand,
  ListDatasetEntriesCommand,
  UpdateDatasetEntriesCommand,
  ValidationException,
} from '@aws-sdk/client-lookoutvision';
import { accepted, bucketOf, refused, require, Skipped, type Bench, type Case } from './case.ts';
import { datasetSettled, settled } from './poll.ts';

const type = 'train';
const DatasetType = type;
const noBucket = 'there are no pictures: see --bucket and --data-dir';

function dataset({ material: { dataset: given } }: Bench): NonNullable<Bench['material']['dataset']> {
  if (given === undefined) throw new Skipped(noBucket);
  return given;
}

export const datasetCases: readonly Case[] = [
  {
    operation: 'DescribeDataset',
    title: 'a dataset that is not there is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new DescribeDatasetCommand({ ProjectName: project, DatasetType })),
        'ResourceNotFoundException',
        { ResourceType: 'DATASET' },
      ),
  },
  {
    operation: 'CreateModel',
    title: 'without a dataset there is nothing to train from',
    async run(bench) {
      const OutputConfig = { S3Location: { Bucket: bucketOf(bench), Prefix: '' } };
      const request = new CreateModelCommand({ ProjectName: bench.project, OutputConfig });
      return refused(bench.target.client.send(request), 'ResourceNotFoundException', {
        ResourceType: 'DATASET',
      });
    },
  },
  {
    operation: 'CreateDataset',
    title: 'makes an empty dataset',
    async run(bench) {
      const {
        target: { client },
        project,
      } = bench;
      const { DatasetMetadata } = await accepted(
        'CreateDataset',
        client.send(new CreateDatasetCommand({ ProjectName: project, DatasetType })),
      );
      require(typeof DatasetMetadata?.StatusMessage === 'string', 'gave no StatusMessage');
      const { Status } = await datasetSettled(bench, type);
      require(Status === 'CREATE_COMPLETE', `ended in ${Status ?? 'nothing'}`);
      return 'CREATE_COMPLETE';
    },
  },
  {
    operation: 'DescribeDataset',
    title: 'counts an empty dataset',
    async run({ target: { client }, project }) {
      const { DatasetDescription } = await accepted(
        'DescribeDataset',
        client.send(new DescribeDatasetCommand({ ProjectName: project, DatasetType })),
      );
      const { Total, Labeled, Normal, Anomaly } = DatasetDescription?.ImageStats ?? {};
      require([Total, Labeled, Normal, Anomaly].every(
        (count) => count === 0,
      ), `counts ${[Total, Labeled, Normal, Anomaly].join('/')}`);
      return '0/0/0/0';
    },
  },
  {
    operation: 'CreateDataset',
    title: 'a dataset that is there is refused',
    run: ({ target: { client }, project }) =>
      refused(
        client.send(new CreateDatasetCommand({ ProjectName: project, DatasetType })),
        'ConflictException',
        { ResourceType: 'DATASET' },
      ),
  },
  {
    operation: 'UpdateDatasetEntries',
    title: 'what is no manifest changes nothing',
    async run(bench) {
      const {
        target: { client },
        project,
      } = bench;
      const update = new UpdateDatasetEntriesCommand({
        ProjectName: project,
        DatasetType,
        Changes: Buffer.from('not JSON'),
      });
      // Whether it is refused at once or after it was looked at, the original's documentation leaves open.
      const answer = await accepted('UpdateDatasetEntries', client.send(update)).catch(
        (error: unknown) => error,
      );
      if (answer instanceof ValidationException) return 'ValidationException, 400';
      if (answer instanceof Error) throw answer;
      const { Status, StatusMessage, ImageStats } = await datasetSettled(bench, type);
      require(Status === 'UPDATE_FAILED_ROLLBACK_COMPLETE' &&
        ImageStats?.Total === 0, `ended in ${Status ?? 'nothing'}`);
      return `${Status ?? ''}: ${StatusMessage ?? ''}`;
    },
  },
  {
    operation: 'UpdateDatasetEntries',
    title: 'adds a picture',
    async run(bench) {
      const {
        target: { client },
        project,
      } = bench;
      const Changes = Buffer.from(dataset(bench).lines[0] ?? '');
      await accepted(
        'UpdateDatasetEntries',
        client.send(new UpdateDatasetEntriesCommand({ ProjectName: project, DatasetType, Changes })),
      );
      const { Status, ImageStats } = await datasetSettled(bench, type);
      require(Status === 'UPDATE_COMPLETE' &&
        ImageStats?.Total ===
          1, `ended in ${Status ?? 'nothing'} with ${ImageStats?.Total ?? 'no'} pictures`);
      return 'UPDATE_COMPLETE';
    },
  },
  {
    operation: 'ListDatasetEntries',
    title: 'lists what the dataset has',
    async run({ target: { client }, project, material }) {
      const { DatasetEntries } = await accepted(
        'ListDatasetEntries',
        client.send(new ListDatasetEntriesCommand({ ProjectName: project, DatasetType })),
      );
      const expected = material.dataset === undefined ? 0 : 1;
      require(DatasetEntries?.length ===
        expected, `lists ${DatasetEntries?.length ?? 'nothing'}, where ${expected} is right`);
      return `${expected} entries`;
    },
  },
  {
    operation: 'DeleteDataset',
    title: 'frees its place at once',
    async run({ target: { client }, project }) {
      await accepted(
        'DeleteDataset',
        client.send(new DeleteDatasetCommand({ ProjectName: project, DatasetType })),
      );
      return refused(
        client.send(new DescribeDatasetCommand({ ProjectName: project, DatasetType })),
        'ResourceNotFoundException',
        { ResourceType: 'DATASET' },
      );
    },
  },
  {
    operation: 'CreateDataset',
    title: 'takes in a manifest',
    async run(bench) {
      const {
        target: { client },
        project,
      } = bench;
      const { bucket: Bucket, manifest: Key, lines } = dataset(bench);
      await accepted(
        'CreateDataset',
        client.send(
          new CreateDatasetCommand({
            ProjectName: project,
            DatasetType,
            DatasetSource: { GroundTruthManifest: { S3Object: { Bucket, Key } } },
          }),
        ),
      );
      const { Status, StatusMessage, ImageStats } = await datasetSettled(bench, type);
      require(Status === 'CREATE_COMPLETE', `ended in ${Status ?? 'nothing'}: ${StatusMessage ?? ''}`);
      require(ImageStats?.Total ===
        lines.length, `counts ${ImageStats?.Total ?? 'nothing'} of ${lines.length} pictures`);
      return `${lines.length} pictures`;
    },
  },
  {
    operation: 'CreateModel',
    title: 'trains a model',
    async run(bench) {
      const {
        target: { client },
        project,
      } = bench;
      const { bucket: Bucket, output: Prefix } = dataset(bench);
      const { ModelMetadata } = await accepted(
        'CreateModel',
        client.send(
          new CreateModelCommand({ ProjectName: project, OutputConfig: { S3Location: { Bucket, Prefix } } }),
        ),
      );
      const version = ModelMetadata?.ModelVersion ?? '';
      const { Status, StatusMessage, Performance } = await settled(
        bench,
        { ProjectName: project, ModelVersion: version },
        'TRAINING',
      );
      require(Status === 'TRAINED', `ended in ${Status ?? 'nothing'}: ${StatusMessage ?? ''}`);
      bench.model = version;
      return `version ${version}, F1 ${Performance?.F1Score ?? 'unknown'}`;
    },
  },
];
