/** npm run bench [-- --json] [--only <name>]: every benchmark, or one; a table, or a list for machines. */
import { usage } from '../../cli/usage.ts';
import { coldBenchmarks } from './cold.ts';
import { hostBenchmarks } from './detect.ts';
import { rowBenchmarks } from './scale-rows.ts';
import { startBenchmarks } from './start.ts';
import { stepBenchmarks } from './steps.ts';
import { table, type Result } from './measure.ts';
import { trainBenchmarks } from './train.ts';
import { unitBenchmarks } from './unit.ts';

const {
  values: { json, only },
} = usage(
  'npm run bench [-- --json] [--only start|host|unit|rows|cold|steps|train]: every benchmark, or one; a table, or a ' +
    'list for machines.',
  { json: { type: 'boolean', default: false }, only: { type: 'string' } },
);

const groups: Readonly<Record<string, () => Promise<Result[]>>> = {
  start: startBenchmarks,
  host: hostBenchmarks,
  unit: unitBenchmarks,
  rows: rowBenchmarks,
  cold: coldBenchmarks,
  steps: stepBenchmarks,
  train: trainBenchmarks,
};
if (only !== undefined && !(only in groups)) {
  console.error(`--only is one of ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}
const results: Result[] = [];
for (const [name, group] of Object.entries(groups)) {
  if (only !== undefined && only !== name) continue;
  if (!json) console.error(`measuring ${name} ...`);
  results.push(...(await group()));
}
console.log(json ? JSON.stringify(results, undefined, 2) : table(results));
