import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { clientCommand } from './client.ts';
import { conformanceCommand } from './conformance.ts';
import { CommandFailed } from './failed.ts';
import { datasetCommand } from './dataset.ts';
import { migrateCommand } from './migrate.ts';
import { preflightCommand } from './preflight.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** What a service or the system answered is told in its own words; a trace of ours would add nothing. */
function fromOutside(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, message, code } = error as Readonly<Record<string, unknown>>;
  const isOutside = '$metadata' in error || typeof code === 'string';
  if (!isOutside) return undefined;
  return [name, code, message].filter((each) => typeof each === 'string' && each !== '').join(': ');
}

/**
 * The command line. What a user can put right is told in one sentence; anything else is a fault of ours and
 * keeps its trace.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('crowsnest')
    .version(version)
    .description(
      'Clients, conformance and migration for Crowsnest, the self-hosted control plane for Lookout for ' +
        'Vision.',
    )
    .addCommand(clientCommand())
    .addCommand(conformanceCommand())
    .addCommand(datasetCommand())
    .addCommand(migrateCommand())
    .addCommand(preflightCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    console.error(error instanceof CommandFailed ? error.message : (fromOutside(error) ?? error));
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await run(process.argv);
