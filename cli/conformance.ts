import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { gatherMaterial } from './conformance/material.ts';
import { junit, line, summary } from './conformance/report.ts';
import { runConformance } from './conformance/run.ts';
import { causeOf } from './deployment/cause.ts';
import { openTarget } from './deployment/target.ts';
import { CommandFailed } from './failed.ts';
import { endpointOption, read, regionOption, signingNameOption } from './options.ts';

interface Options {
  readonly endpoint: string;
  readonly region: string;
  readonly signingName: string;
  readonly junit?: string;
  readonly dataDir?: string;
  readonly bucket?: string;
  readonly modelS3?: string;
  readonly modelPackageArn?: string;
  readonly picture?: string;
  /** In milliseconds. */
  readonly timeout: number;
}

export function conformanceCommand(): Command {
  return new Command('conformance')
    .description(
      'try every operation of a deployment, or of a local host, through the original client, in a ' +
        'project of its own',
    )
    .addOption(endpointOption('the deployment').makeOptionMandatory())
    .addOption(regionOption())
    .addOption(signingNameOption())
    .option('--junit <file>', 'write the results for a CI server, too')
    .addOption(
      new Option(
        '--data-dir <folder>',
        'the data folder of a local host: samples are drawn into it',
      ).conflicts('bucket'),
    )
    .option(
      '--bucket <name>',
      'a bucket that the deployment may read and write: samples are uploaded, and removed',
    )
    .addOption(
      new Option('--model-s3 <s3://bucket/prefix>', 'a model to import').conflicts('modelPackageArn'),
    )
    .option('--model-package-arn <arn>', 'a model package to import')
    .option('--picture <file>', 'a JPEG or PNG that the model can judge')
    .addOption(
      new Option('--timeout <minutes>', 'how long a start, an import or a training may take')
        .default(30 * 60_000, '30')
        .argParser(read(minutes)),
    )
    .action(conform);
}

const aboveZero = 'It must be a number of minutes above 0.';
const minutes = z
  .string()
  .transform(Number)
  .pipe(z.number(aboveZero).positive(aboveZero))
  .transform((given) => given * 60_000);

async function conform(options: Options): Promise<void> {
  const target = await openTarget(options);
  const reachable = await target.raw({ method: 'GET', path: '/2020-11-20/projects' }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reachable !== undefined)
    throw new CommandFailed(`${options.endpoint} cannot be reached: ${causeOf(reachable)}`);
  const material = await gatherMaterial(options);
  const project = `conformance-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
  console.log(`Project ${project} on ${options.endpoint}\n`);
  try {
    const results = await runConformance({ target, material, project, timeout: options.timeout }, (result) =>
      console.log(line(result)),
    );
    console.log(`\n${summary(results)}`);
    if (options.junit !== undefined) await writeFile(options.junit, junit(results, options.endpoint));
    if (results.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1;
  } finally {
    await material.remove();
    target.client.destroy();
  }
}
