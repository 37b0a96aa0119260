import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { bucketDestination } from './deployment/destination.ts';
import { openTarget } from './deployment/target.ts';
import { CommandFailed } from './failed.ts';
import { picturesIn, uploadFolders } from './dataset/folders.ts';
import { createDataset, createProject } from './migrate/create.ts';
import type { DatasetType } from './migrate/finding.ts';
import { progressOn } from './migrate/progress.ts';
import { endpointOption, regionOption, signingNameOption } from './options.ts';

interface Options {
  readonly endpoint: string;
  readonly region: string;
  readonly signingName: string;
  readonly s3Endpoint?: string;
  readonly project?: string;
  readonly type: DatasetType;
  readonly bucket: string;
  readonly prefix?: string;
  readonly normal?: string;
  readonly anomaly?: string;
  readonly unlabelled?: string;
  readonly replace?: boolean;
}

export function datasetCommand(): Command {
  return new Command('dataset').description('make datasets').addCommand(
    new Command('create')
      .description('upload the pictures of a folder, and make a dataset of them')
      .argument('<folder>', 'the folder that the folders of --normal, --anomaly and --unlabelled are in')
      .addOption(endpointOption('the deployment, or the local host').makeOptionMandatory())
      .addOption(regionOption())
      .addOption(signingNameOption())
      .addOption(
        new Option(
          '--s3-endpoint <url>',
          "where the bucket is; the endpoint itself for a local host, AWS's S3 behind execute-api",
        ),
      )
      .option('--project <name>', "the project, made if it is not there; the folder's name, unless told")
      .addOption(new Option('--type <type>', 'what it is for').choices(['train', 'test']).default('train'))
      .requiredOption('--bucket <name>', 'the bucket to upload to; the deployment must list it')
      .option('--prefix <prefix>', "what keys there begin with; the project's name and a slash, unless told")
      .option('--normal <folder>', 'the folder with pictures of good parts')
      .option('--anomaly <folder>', 'the folder with pictures of bad parts')
      .option('--unlabelled <folder>', 'a folder with pictures that somebody has yet to look at')
      .option('--replace', 'put the dataset in the place of another that the project has')
      .action(create),
  );
}

async function create(given: string, options: Options): Promise<void> {
  const folder = resolve(given);
  const { normal, anomaly, unlabelled, bucket, type: dataset, region } = options;
  const project = options.project ?? basename(folder);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/.test(project))
    throw new CommandFailed(`"${project}" cannot be the name of a project: name one with --project.`);
  const pictures = await picturesIn(folder, { normal, anomaly, unlabelled });
  const target = await openTarget(options);
  // A deployment behind API Gateway has AWS's S3; whoever signs for the service itself calls a local host.
  const isLocal = options.signingName !== 'execute-api';
  const s3Endpoint = options.s3Endpoint ?? (isLocal ? options.endpoint : undefined);
  const destination = bucketDestination(
    bucket,
    region,
    s3Endpoint === undefined
      ? {}
      : { endpoint: s3Endpoint, forcePathStyle: true, credentials: target.client.config.credentials },
  );
  try {
    const place = {
      client: target.client,
      project,
      bucket,
      tell: (line: string) => console.log(line),
    };
    await createProject(place);
    if (isLocal && (await destination.make())) console.log(`Bucket ${bucket} is made.`);
    const progress = progressOn(process.stdout);
    const uploaded = await uploadFolders(
      { dataset, pictures, destination, prefix: options.prefix ?? `${project}/` },
      ({ done, of, sent }) => progress(`Pictures: ${done} of ${of}, ${sent} of them new`, done === of),
    );
    await createDataset(place, uploaded, { replace: options.replace === true });
  } finally {
    target.client.destroy();
  }
}
