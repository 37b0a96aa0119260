import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { pictureLimits } from '../lambdas/vision/pictures/limits.ts';
import { openTarget } from './deployment/target.ts';
import { CommandFailed } from './failed.ts';
import { createDataset, createProject, train, type Place } from './migrate/create.ts';
import { bucketDestination, folderDestination } from './deployment/destination.ts';
import { examine, type Diagnosis } from './migrate/doctor.ts';
import { told } from './migrate/finding.ts';
import { readExport } from './migrate/layout.ts';
import { progressOn } from './migrate/progress.ts';
import { writeRepaired } from './migrate/repair.ts';
import { writeShrunk } from './migrate/shrink.ts';
import { upload } from './migrate/upload.ts';
import { endpointOption, read, regionOption, signingNameOption } from './options.ts';

interface Options {
  readonly endpoint?: string;
  readonly region: string;
  readonly signingName: string;
  readonly project?: string;
  readonly bucket?: string;
  readonly prefix?: string;
  readonly dataDir?: string;
  readonly fix?: boolean;
  readonly fixed?: string;
  readonly shrink?: number | true;
  readonly shrunk?: string;
  readonly train?: boolean;
  readonly replace?: boolean;
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description("check the export of a project, made by AWS's export_datasets.py, and take it in")
    .argument('<folder>', "a copy of the export's destination: aws s3 sync s3://<destination> <folder>")
    .addOption(endpointOption('the deployment, or the local host; without it the export is only checked'))
    .addOption(regionOption())
    .addOption(signingNameOption())
    .option('--project <name>', "the project to make; the folder's name, unless told")
    .addOption(new Option('--bucket <name>', 'the bucket to upload to; the deployment must list it'))
    .option('--prefix <prefix>', "what keys there begin with; the project's name and a slash, unless told")
    .option('--data-dir <folder>', 'the data folder of a local host, instead of a bucket in S3')
    .option('--fix', 'write a repaired copy, and go on with that')
    .option('--fixed <folder>', 'where the repaired copy goes; <folder>-fixed unless told')
    .addOption(
      new Option(
        '--shrink [side]',
        'write a copy whose pictures and masks have no longer side than so many pixels and are upright, ' +
          'and go on with that; 4096 unless told',
      ).argParser(read(longestSide)),
    )
    .option('--shrunk <folder>', 'where that copy goes; <folder>-shrunk unless told')
    .option('--train', 'train a model from the datasets')
    .option('--replace', 'put the datasets in the place of others that the project has')
    .action(migrate);
}

async function migrate(given: string, options: Options): Promise<void> {
  const folder = options.shrink === undefined ? resolve(given) : await shrink(resolve(given), options);
  const { healthy, diagnosis } = await soundExport(folder, options);
  const { endpoint } = options;
  if (endpoint === undefined) return console.log('Nothing was sent: name a deployment with --endpoint.');

  const project = options.project ?? basename(folder);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/.test(project))
    throw new CommandFailed(`"${project}" cannot be the name of a project: name one with --project.`);
  const prefix = options.prefix ?? `${project}/`;
  const destination =
    options.dataDir === undefined
      ? bucketDestination(requiredBucket(options), options.region)
      : folderDestination(options.bucket ?? 'crowsnest-migrated', resolve(options.dataDir));
  const target = await openTarget({ ...options, endpoint });
  try {
    const progress = progressOn(process.stdout);
    const uploaded = await upload(diagnosis.entries, healthy, destination, prefix, ({ done, of, sent }) =>
      progress(`Pictures and masks: ${done} of ${of}, ${sent} of them new`, done === of),
    );
    const place: Place = {
      client: target.client,
      project,
      bucket: destination.bucket,
      tell: (line) => console.log(line),
    };
    await createProject(place);
    for (const each of uploaded) await createDataset(place, each, { replace: options.replace === true });
    if (options.train === true) await train(place, uploaded, prefix);
  } finally {
    target.client.destroy();
  }
}

const { minSide, maxSide } = pictureLimits;
const pixels = `It must be a whole number of pixels from ${minSide} to ${maxSide}.`;
const longestSide = z
  .string()
  .transform(Number)
  .pipe(z.int(pixels).min(minSide, pixels).max(maxSide, pixels));

/** @returns the folder of the copy */
async function shrink(folder: string, { shrink: side, shrunk }: Options): Promise<string> {
  const most = typeof side === 'number' ? side : pictureLimits.maxSide;
  const copy = resolve(shrunk ?? `${folder}-shrunk`);
  const progress = progressOn(process.stdout);
  const { pictures, masks, changed } = await writeShrunk(await readExport(folder), most, copy, (done, of) =>
    progress(`Lines shrunk: ${done} of ${of}`, done === of),
  );
  console.log(
    `A copy is in ${copy}: ${pictures} pictures with ${masks} masks, ${changed} of them shrunk to ` +
      `${most} pixels or turned upright.`,
  );
  return copy;
}

function requiredBucket({ bucket }: Options): string {
  if (bucket === undefined)
    throw new CommandFailed(
      "Name the bucket to upload to with --bucket, or a local host's data folder with --data-dir.",
    );
  return bucket;
}

/** @throws CommandFailed if the export has errors, and may not be, or cannot be, repaired */
async function soundExport(
  folder: string,
  { fix = false, fixed }: Options,
): Promise<{ readonly healthy: string; readonly diagnosis: Diagnosis }> {
  const found = await readExport(folder);
  const diagnosis = await look(found);
  const errors = diagnosis.findings.filter(({ severity }) => severity === 'error');
  if (!fix || diagnosis.findings.every(({ repair }) => repair === undefined)) {
    if (errors.length === 0) return { healthy: folder, diagnosis };
    throw new CommandFailed(`${errors.length} errors. Put them right, or let --fix write a repaired copy.`);
  }
  const copy = resolve(fixed ?? `${folder}-fixed`);
  await writeRepaired(found, diagnosis.findings, copy);
  console.log(`\nA repaired copy is in ${copy}:`);
  const after = await look(await readExport(copy));
  const left = after.findings.filter(({ severity }) => severity === 'error').length;
  if (left > 0) throw new CommandFailed(`${left} errors are left, which only you can put right.`);
  return { healthy: copy, diagnosis: after };
}

async function look(found: Awaited<ReturnType<typeof readExport>>): Promise<Diagnosis> {
  const progress = progressOn(process.stdout);
  const diagnosis = await examine(found, (done, of) =>
    progress(`Lines looked at: ${done} of ${of}`, done === of),
  );
  for (const finding of diagnosis.findings) console.log(told(finding));
  for (const { dataset, total, normal, anomaly, masks } of diagnosis.counts) {
    console.log(
      `${dataset}: ${total} usable pictures, ${normal} normal, ${anomaly} anomalous, ${masks} with a mask`,
    );
  }
  return diagnosis;
}
