/** npm run backup -- FOLDER: copies the data folder (DATA_DIR, or ./data), whether a host runs on it or not. */
import { backUp } from '../lambdas/local/backup.ts';
import { localEnvironment } from '../lambdas/local/environment.ts';

const [target, ...more] = process.argv.slice(2);
if (target === undefined || target.startsWith('-') || more.length > 0) {
  console.error('Usage: npm run backup -- FOLDER    (copies DATA_DIR, or ./data, to a new folder)');
  process.exit(target === '--help' || target === '-h' ? 0 : 2);
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
