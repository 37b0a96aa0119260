/**
 * A host for a test to kill: hosts a model on two units, one of them busy with a picture that never ends, and
 * tells their process ids.
 */
import { hangingGraph, manifest, picture } from './artifacts.ts';
import { clock, openBench } from './engine.ts';

const bench = await openBench();
const spec = bench.deployment('d1', hangingGraph(), manifest, { min: 2 });
await bench.engine.create(spec);
await bench.ready(spec);
void bench.engine.detect(spec, await picture('#fff').png().toBuffer(), 'image/png').catch(() => undefined);
// Time enough for the picture to be decoded and the graph to be stuck in it.
await clock.sleep(700);
process.send?.([...bench.pids]);
