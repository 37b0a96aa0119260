/** A host for a test to kill: hosts a model on two units, one of them busy with a picture that never ends, and tells their process ids. */
import { hangingGraph, manifest, picture } from './artifacts.ts';
import { openBench, until } from './engine.ts';

const bench = await openBench();
const spec = bench.deployment('d1', hangingGraph(), manifest, { min: 2 });
await bench.engine.create(spec);
await bench.ready(spec);
void bench.engine.detect(spec, await picture('#fff').png().toBuffer(), 'image/png').catch(() => undefined);
await until(() => bench.pids.size === 2);
process.send?.([...bench.pids]);
