import {
  DeleteModelCommand,
  DeleteProjectCommand,
  DescribeModelCommand,
  DetectAnomaliesCommand,
  ListModelsCommand,
  StartModelCommand,
  StopModelCommand,
} from '@aws-sdk/client-lookoutvision';
import {
  accepted,
  missingModel,
  modelOf,
  refused,
  require,
  Skipped,
  Unlike,
  type Bench,
  type Case,
} from './case.ts';
import { settled, until } from './poll.ts';

const notFound = { ResourceType: 'MODEL' };

function hostedModel(bench: Bench): ReturnType<typeof modelOf> {
  const model = modelOf(bench);
  if (bench.hosted !== true) throw new Skipped('the model is not hosted');
  return model;
}

export function pictureOf({ material: { picture } }: Bench): {
  readonly Body: Uint8Array;
  readonly ContentType: string;
} {
  if (picture === undefined) throw new Skipped('there is no picture: see --picture');
  return { Body: picture, ContentType: picture[0] === 0x89 ? 'image/png' : 'image/jpeg' };
}

export const modelCases: readonly Case[] = [
  {
    operation: 'DescribeModel',
    title: 'a version that is not there is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new DescribeModelCommand(missingModel(bench))),
        'ResourceNotFoundException',
        notFound,
      ),
  },
  {
    operation: 'DescribeModel',
    title: 'tells all that published clients read of a trained model',
    async run(bench) {
      const { ModelDescription: told } = await accepted(
        'DescribeModel',
        bench.target.client.send(new DescribeModelCommand(modelOf(bench))),
      );
      const missing = (
        [
          'ModelArn',
          'CreationTimestamp',
          'StatusMessage',
          'Performance',
          'OutputConfig',
          'EvaluationEndTimestamp',
        ] as const
      ).filter((member) => told?.[member] === undefined);
      require(missing.length === 0, `lacks ${missing.join(', ')}`);
      return told?.Status ?? '';
    },
  },
  {
    operation: 'ListModels',
    title: 'lists the versions of the project',
    async run({ target: { client }, project, model }) {
      const { Models } = await accepted(
        'ListModels',
        client.send(new ListModelsCommand({ ProjectName: project })),
      );
      require(Models !== undefined &&
        (model === undefined ||
          Models.some(({ ModelVersion }) => ModelVersion === model)), 'lacks the model');
      return `${Models?.length ?? 0} models`;
    },
  },
  {
    operation: 'StartModel',
    title: 'a version that is not there is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new StartModelCommand({ ...missingModel(bench), MinInferenceUnits: 1 })),
        'ResourceNotFoundException',
        notFound,
      ),
  },
  {
    operation: 'StartModel',
    title: 'no units at all are refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new StartModelCommand({ ...missingModel(bench), MinInferenceUnits: 0 })),
        'ValidationException',
      ),
  },
  {
    operation: 'DetectAnomalies',
    title: 'a model that is not hosted is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new DetectAnomaliesCommand({ ...modelOf(bench), ...pictureOf(bench) })),
        'ConflictException',
        notFound,
      ),
  },
  {
    operation: 'StartModel',
    title: 'changes the status before it answers',
    async run(bench) {
      const start = new StartModelCommand({
        ...modelOf(bench),
        MinInferenceUnits: 1,
        ClientToken: `start-${bench.project}`,
      });
      const { Status } = await accepted('StartModel', bench.target.client.send(start));
      require(Status === 'STARTING_HOSTING', `answered ${Status ?? 'nothing'}`);
      const { ModelDescription } = await bench.target.client.send(new DescribeModelCommand(modelOf(bench)));
      require(ModelDescription?.Status !== 'TRAINED', 'DescribeModel still says TRAINED');
      const again = await accepted('StartModel', bench.target.client.send(start));
      require(again.Status !== undefined, 'the same token again got no status');
      return 'STARTING_HOSTING, and the same token again is the same start';
    },
  },
  {
    operation: 'StartModel',
    title: 'is hosted in the end',
    async run(bench) {
      const { Status, StatusMessage } = await settled(bench, modelOf(bench), 'STARTING_HOSTING');
      require(Status === 'HOSTED', `ended in ${Status ?? 'nothing'}: ${StatusMessage ?? ''}`);
      bench.hosted = true;
      return 'HOSTED';
    },
  },
  {
    operation: 'StartModel',
    title: 'a model that is hosted is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new StartModelCommand({ ...hostedModel(bench), MinInferenceUnits: 1 })),
        'ConflictException',
        notFound,
      ),
  },
  {
    operation: 'DetectAnomalies',
    title: 'a version that is not there is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(
          new DetectAnomaliesCommand({
            ...missingModel(bench),
            Body: Buffer.from([0xff, 0xd8, 0xff]),
            ContentType: 'image/jpeg',
          }),
        ),
        'ResourceNotFoundException',
        notFound,
      ),
  },
  {
    operation: 'DetectAnomalies',
    title: 'gives a verdict on a picture',
    async run(bench) {
      const { DetectAnomalyResult: verdict } = await accepted(
        'DetectAnomalies',
        bench.target.client.send(new DetectAnomaliesCommand({ ...hostedModel(bench), ...pictureOf(bench) })),
      );
      require(typeof verdict?.IsAnomalous === 'boolean' &&
        typeof verdict.Confidence === 'number' &&
        verdict.Source?.Type === 'direct', `gave ${JSON.stringify(verdict)}`);
      const { IsAnomalous, Confidence } = verdict ?? {};
      return `${IsAnomalous === true ? 'anomaly' : 'normal'}, ${Confidence?.toFixed(3) ?? ''}`;
    },
  },
  {
    operation: 'DetectAnomalies',
    title: 'what is no picture is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(
          new DetectAnomaliesCommand({
            ...hostedModel(bench),
            Body: Buffer.from('not a picture'),
            ContentType: 'image/jpeg',
          }),
        ),
        'ValidationException',
      ),
  },
];

export const stoppingCases: readonly Case[] = [
  {
    operation: 'StopModel',
    title: 'a version that is not there is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new StopModelCommand(missingModel(bench))),
        'ResourceNotFoundException',
        notFound,
      ),
  },
  {
    operation: 'StopModel',
    title: 'ends in TRAINED',
    async run(bench) {
      const { Status } = await accepted(
        'StopModel',
        bench.target.client.send(new StopModelCommand(hostedModel(bench))),
      );
      require(Status === 'STOPPING_HOSTING', `answered ${Status ?? 'nothing'}`);
      const after = await settled(bench, modelOf(bench), 'STOPPING_HOSTING');
      require(after.Status === 'TRAINED', `ended in ${after.Status ?? 'nothing'}`);
      bench.hosted = false;
      return 'STOPPING_HOSTING, then TRAINED';
    },
  },
  {
    operation: 'DeleteProject',
    title: 'a project with models is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new DeleteProjectCommand({ ProjectName: modelOf(bench).ProjectName })),
        'ConflictException',
        { ResourceType: 'PROJECT' },
      ),
  },
  {
    operation: 'DeleteModel',
    title: 'a version that is not there is refused',
    run: (bench) =>
      refused(
        bench.target.client.send(new DeleteModelCommand(missingModel(bench))),
        'ResourceNotFoundException',
        notFound,
      ),
  },
  {
    operation: 'DeleteModel',
    title: 'takes the version off the list',
    async run(bench) {
      const model = modelOf(bench);
      const { ModelArn } = await accepted(
        'DeleteModel',
        bench.target.client.send(new DeleteModelCommand(model)),
      );
      if (ModelArn === undefined) throw new Unlike('gave no ARN');
      await until(
        bench.timeout,
        async () =>
          (await bench.target.client.send(new ListModelsCommand({ ProjectName: model.ProjectName })))
            .Models ?? [],
        (models) => models.every(({ ModelVersion }) => ModelVersion !== model.ModelVersion),
        () => 'listed',
      );
      delete bench.model;
      return 'gone';
    },
  },
];
