import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { usage } from '../../cli/usage.ts';
import { Deployment } from './deployment.ts';
import { Emulator } from './emulator.ts';
import { install } from './install.ts';
import { life } from './life.ts';
import { Missing } from './python.ts';
import { Steps } from './steps.ts';

// npm run test:deploy: the stack, deployed by the documented commands into an emulator, lived through and destroyed.

usage(
  'npm run test:deploy: deploys the stack by the documented commands into an emulator, lives through a life of it, ' +
    'and destroys it. DEPLOY_TEST_MINUTES limits it to so many minutes.',
);

/** Minutes for all of it; whatever is under way then is ended. */
const limit = Number(process.env['DEPLOY_TEST_MINUTES'] ?? '25');

const over = new AbortController();
const timer = setTimeout(() => over.abort(), limit * 60_000);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());

const steps = new Steps(over.signal);
const folder = await mkdtemp(join(tmpdir(), 'crowsnest-deploy-'));
let emulator: Emulator | undefined;
let skipped: string | undefined;
try {
  const command = { cwd: folder, env: process.env, signal: over.signal };
  const installed = await install(command);
  emulator = await steps.run('the emulator starts', () => Emulator.start(folder, installed));
  await life(steps, await Deployment.prepare(folder, emulator, over.signal));
} catch (error) {
  // where everything can be installed, a run that tries nothing is a failure
  if (error instanceof Missing && process.env['CI'] !== 'true') skipped = error.message;
  else steps.fail(error);
  if (emulator !== undefined) console.log(`The emulator's last lines:\n${await emulator.tail()}`);
} finally {
  clearTimeout(timer);
  await emulator?.stop();
  await rm(folder, { recursive: true, force: true });
}
if (skipped !== undefined) console.log(`skipped: ${skipped}\n0 passed, 0 failed, 1 skipped`);
else process.exitCode = steps.end() ? 0 : 1;
