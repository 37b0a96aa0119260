import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { botocoreFiles } from '../lambdas/contract/derive/botocore.ts';
import { identity } from '../lambdas/contract/derive/identity.ts';
import { install } from './client/install.ts';
import { planInstall } from './client/plan.ts';
import { recordIn } from './client/record.ts';
import { remove } from './client/remove.ts';
import { endpointOption, signingNameOption } from './options.ts';

interface InstallOptions {
  readonly endpoint?: string;
  readonly signingName: string;
  readonly folder?: string;
  readonly dryRun?: boolean;
}

/** Where botocore looks besides its own data, by its "Loaders Reference". */
const userModels = (): string => join(homedir(), '.aws', 'models');

export function clientCommand(): Command {
  const command = new Command('client').description(
    'the service description for boto3 and the AWS CLI, which have dropped it',
  );
  command
    .command('install')
    .description('write the description where boto3 and the AWS CLI v1 and v2 find it')
    .addOption(endpointOption('the deployment to call when the caller names no other'))
    .addOption(signingNameOption())
    .option('--folder <folder>', 'a folder for AWS_DATA_PATH, instead of ~/.aws/models')
    .option('--dry-run', 'show what would be written, and write nothing')
    .action(async (options: InstallOptions) => {
      const folder = resolve(options.folder ?? userModels());
      const { endpoint, signingName } = options;
      const plan = await planInstall(
        folder,
        botocoreFiles({ signingName, ...(endpoint !== undefined && { endpoint }) }),
      );
      for (const { action, path, bytes } of plan.files)
        console.log(`${action.padEnd(9)} ${join(folder, path)} (${bytes} bytes)`);
      console.log(`${'record'.padEnd(9)} ${recordIn(folder)}`);
      if (options.dryRun === true) return console.log('Nothing was written: this was a dry run.');
      await install(plan, { signingName, ...(endpoint !== undefined && { endpoint }) });
      console.log(advice(options, folder));
    });
  command
    .command('remove')
    .description('remove what install has written, and nothing else')
    .option('--folder <folder>', 'the folder that install was given')
    .option('--dry-run', 'show what would be removed, and remove nothing')
    .action(async ({ folder, dryRun = false }: { folder?: string; dryRun?: boolean }) => {
      const told = await remove(resolve(folder ?? userModels()), { dryRun });
      for (const { action, path } of told) console.log(`${action.padEnd(9)} ${path}`);
      if (dryRun) console.log('Nothing was removed: this was a dry run.');
    });
  return command;
}

function advice({ endpoint, folder: named, signingName }: InstallOptions, folder: string): string {
  return [
    '',
    ...(named === undefined ? [] : [`export AWS_DATA_PATH=${folder}`]),
    ...(endpoint === undefined
      ? [
          'The description names no endpoint. Give one with --endpoint-url, endpoint_url=, or ' +
            `AWS_ENDPOINT_URL_${identity.serviceId.toUpperCase()} (botocore 1.31 and later).`,
        ]
      : [`Calls go to ${endpoint} unless the caller names another endpoint, signed for ${signingName}.`]),
    `Try it: aws ${identity.endpointPrefix} list-projects`,
  ].join('\n');
}
