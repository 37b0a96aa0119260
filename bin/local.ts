import { embeddedEngine } from '../lambdas/local/embedded.ts';
import { startHost } from '../lambdas/local/host.ts';
import { localEnvironment } from '../lambdas/runtime/environment.ts';
import { createLog } from '../lambdas/runtime/log.ts';

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(`Crowsnest needs Node 24 or later; this is ${process.version}. Run it as "npm start": npm puts the Node that was installed with it first.`);
  process.exit(1);
}

try {
  const environment = localEnvironment();
  const log = createLog((line) => { process.stderr.write(`${line}\n`); });
  const host = await startHost({ environment, log, engine: embeddedEngine });
  console.log(`Crowsnest is ready on ${host.url}\nPoint a client at it with AWS_ENDPOINT_URL_LOOKOUTVISION=${host.url}; its data is in ${environment.dataDir}`);
  const stop = (signal: NodeJS.Signals): void => {
    console.log(`Stopping (${signal}); what is under way goes on at the next start.`);
    host.close().then(() => process.exit(0), (error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
