/**
 * npm run load [-- --seconds N] [--models N] [--moving N] [--json]: many models in one host, a share of them
 * started and stopped without a pause.
 */
import { usage } from '../../cli/usage.ts';
import { load } from './load.ts';

const { values } = usage(
  'npm run load [-- --seconds N] [--models N] [--moving N] [--json]: many models in one host, a share of them ' +
    'started and stopped without a pause.',
  {
    seconds: { type: 'string', default: '120' },
    models: { type: 'string', default: '1000' },
    moving: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
);
const report = await load({
  models: Number(values.models),
  moving: Number(values.moving),
  seconds: Number(values.seconds),
});
if (values.json) console.log(JSON.stringify(report, undefined, 2));
else {
  console.log(
    `${report.models} models, ${report.moving} of them moving for ${report.seconds} s: ${report.cycles} whole cycles, ${report.requests} requests, ${report.errors.length} errors`,
  );
  for (const [name, { min, median, p99, max }] of Object.entries(report.latency))
    console.log(
      `${name}: ${[min, median, p99, max].map((value) => value.toFixed(1)).join(' / ')} ms (min / median / p99 / max)`,
    );
  console.log(`heap: ${report.heap[0]} MB after a fifth of the time, ${report.heap[1]} MB at the end`);
}
for (const each of [...report.wrong, ...report.errors.slice(0, 10)]) console.error(each);
if (report.cycles === 0)
  console.error('nothing was tried: no model was started and stopped. Give it more --seconds');
process.exit(report.wrong.length + report.errors.length > 0 || report.cycles === 0 ? 1 : 0);
