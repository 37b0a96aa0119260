import type { Called } from './answers.ts';
import type { CallName, Command } from './commands.ts';
import { changes, manifests } from './lines.ts';

type CallCommand = Extract<Command, { readonly do: 'call' }>;

export interface Request {
  readonly labels: Record<string, string>;
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: unknown;
}

const models = [
  'StartModel',
  'StopModel',
  'DeleteModel',
  'DescribeModel',
  'DetectAnomalies',
  'TagResource',
  'UntagResource',
  'ListTagsForResource',
];
const datasets = [
  'CreateDataset',
  'DescribeDataset',
  'ListDatasetEntries',
  'UpdateDatasetEntries',
  'DeleteDataset',
];
const withToken = /^(Create|Delete|Import|Start|Stop|Update)/;

/** What a call of a history is, and what of it the reference must know. */
export function requestOf({
  operation,
  project: index,
  version: number,
  token,
  units,
  body: choice = 0,
}: CallCommand): {
  readonly called: Omit<Called, 'at' | 'disturbed' | 'caller' | 'answer'>;
  readonly request: Request;
} {
  const project = ['parts', 'bolts'][index] ?? '';
  const ofTags = /tag/i.test(operation);
  const version =
    number === 0 && operation !== 'DeleteModel' && !ofTags ? 'latest' : String(Math.max(number, 1));
  const type = number === 3 ? 'test' : 'train';
  const job = `job-${units}`;
  const labels = ofTags
    ? { resourceArn: `arn:aws:lookoutvision:us-east-1:111122223333:model/${project}/${version}` }
    : { projectName: project, modelVersion: version, datasetType: type, jobName: job };
  const manifest = manifests[choice % (manifests.length + 1)];
  const update = changes[choice % changes.length];
  const body = bodyOf();
  const named =
    (models.includes(operation) || operation === 'StartModelPackagingJob') && version !== 'latest';
  return {
    called: {
      operation,
      project,
      ...(named && { version }),
      ...(datasets.includes(operation) && { type }),
      ...(/PackagingJob$/.test(operation) && { job }),
      ...(operation === 'CreateDataset' && manifest !== undefined && { given: manifest }),
      ...(operation === 'UpdateDatasetEntries' && update !== undefined && { given: update }),
      ...(token > 0 && withToken.test(operation) && { token: `token-${token}` }),
      print: JSON.stringify([
        project,
        models.includes(operation) && version,
        datasets.includes(operation) && type,
        body,
      ]),
    },
    request: { labels, body, ...(operation === 'UntagResource' && { query: [['tagKeys', 'k']] as const }) },
  };

  function bodyOf(): unknown {
    const bodies: Partial<Record<CallName, unknown>> = {
      CreateProject: { ProjectName: project },
      ImportModel: { Source: { S3: { Bucket: 'models', Prefix: `v${units}/` } } },
      StartModel: { MinInferenceUnits: units, ...(units > 1 && { MaxInferenceUnits: 3 }) },
      TagResource: { Tags: [{ Key: 'k', Value: String(units) }] },
      DetectAnomalies: Buffer.from('picture'),
      CreateDataset: {
        DatasetType: type,
        ...(manifest !== undefined && {
          DatasetSource: { GroundTruthManifest: { S3Object: { Bucket: 'manifests', Key: manifest.key } } },
        }),
      },
      UpdateDatasetEntries: {
        Changes: Buffer.from(`${update?.lines.join('\n') ?? ''}\n`).toString('base64'),
      },
      CreateModel: { OutputConfig: { S3Location: { Bucket: 'results', Prefix: `out${units}/` } } },
      StartModelPackagingJob: {
        ModelVersion: version,
        JobName: job,
        Configuration: {
          Greengrass: {
            S3OutputLocation: { Bucket: 'components', Prefix: 'parts/' },
            ComponentName: `component-${choice % 2}`,
            TargetPlatform: { Os: 'LINUX', Arch: 'X86_64' },
          },
        },
      },
    };
    return bodies[operation];
  }
}
