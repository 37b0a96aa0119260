import { consoleFiles } from '../cli/console/build.ts';
import { usage } from '../cli/usage.ts';
import { startHost } from '../lambdas/local/host.ts';
import { localEnvironment } from '../lambdas/local/environment.ts';
import { watchStarter } from '../lambdas/local/starter.ts';
import { createLog } from '../lambdas/domain/log.ts';

usage(
  'npm start: runs the service on this machine. Everything is set by variables: PORT, HOST, DATA_DIR, ' +
    'AWS_REGION, QUOTAS, EXTENSIONS, CROWSNEST_KEYS, DYNAMODB_ENDPOINT (docs/running.md).',
);
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Crowsnest needs Node 24 or later; this is ${process.version}. Run it as "npm start": npm puts the ` +
      'Node that was installed with it first.',
  );
  process.exit(1);
}

/**
 * The longest that stopping may take, in milliseconds. What was under way then goes on at the next start, as
 * after a crash.
 */
const stopTimeout = 20_000;

process.umask(0o077); // what this host writes is its owner's: pictures, rows, models

// A reader of the log who went away is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const log = createLog((line) => {
  process.stderr.write(`${line}\n`);
});

let stopping = false;

/**
 * Once, however often it is asked for: npm passes on a Ctrl-C that the terminal has sent to everybody
 * already.
 */
function stop(why: string, code: number): void {
  if (stopping) return;
  stopping = true;
  console.log(`Stopping (${why}); what is under way goes on at the next start.`);
  setTimeout(() => {
    console.error('Stopping took too long; ending what is left.');
    process.exit(1);
  }, stopTimeout).unref();
  started.then((host) => host.close()).then(() => process.exit(code), fail);
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stop(signal, 0);
  });
process.on('uncaughtException', (error) => {
  log.error('the host failed', { error });
  stop('a failure', 1);
});

const started = start();
started.catch(fail);
void watchStarter('bin/local.ts', () => {
  stop('npm, which started this host, has ended', 0);
});

async function start(): ReturnType<typeof startHost> {
  const environment = localEnvironment();
  // Beside the host, which need not wait for it; who opens the console early does.
  let files: ReturnType<typeof consoleFiles> | undefined;
  const madeConsole = (): ReturnType<typeof consoleFiles> =>
    (files ??= consoleFiles().catch((error: unknown) => {
      files = undefined; // somebody may put it right
      throw error;
    }));
  void madeConsole().catch((error: unknown) => log.warn('the console could not be made', { error }));
  const host = await startHost({
    environment,
    log,
    console: madeConsole,
    lost: (error) => {
      console.error(error.message);
      stop('without its table a host cannot go on', 1);
    },
  });
  console.log(
    `Crowsnest is ready on ${host.url}\nIts console is on ${host.url}/console\nPoint a client at it with ` +
      `AWS_ENDPOINT_URL_LOOKOUTVISION=${host.url}; its data is in ${environment.dataDir}`,
  );
  return host;
}
