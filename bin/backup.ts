import { usage } from '../cli/usage.ts';
import { backUp } from '../lambdas/local/backup.ts';
import { localEnvironment } from '../lambdas/local/environment.ts';

const about =
  'npm run backup -- FOLDER: copies the data folder (DATA_DIR, or ./data), whether a host runs on it or ' +
  'not, to FOLDER, which must be new.';
const {
  positionals: [target],
} = usage(about, {}, 1);
if (target === undefined) {
  console.error(about);
  process.exit(2);
}
process.umask(0o077);
try {
  const { dataDir } = localEnvironment({ DATA_DIR: process.env['DATA_DIR'] });
  await backUp(dataDir, target);
  console.log(
    `${dataDir} was copied to ${target}. Start a host on the copy with DATA_DIR=${target} npm start.`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
