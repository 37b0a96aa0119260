import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { clientCommand } from './client.ts';
import { conformanceCommand } from './conformance.ts';
import { CommandFailed } from './failed.ts';
import { migrateCommand } from './migrate.ts';
import { preflightCommand } from './preflight.ts';

/**
 * The command line. What a user can put right is told in one sentence; anything else is a fault of ours and
 * keeps its trace.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('crowsnest')
    .description(
      'Clients, conformance and migration for Crowsnest, the self-hosted control plane for Lookout for Vision.',
    )
    .addCommand(clientCommand())
    .addCommand(conformanceCommand())
    .addCommand(migrateCommand())
    .addCommand(preflightCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    console.error(error instanceof CommandFailed ? error.message : error);
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await run(process.argv);
