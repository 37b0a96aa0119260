/**
 * node judging.ts <folder>: the bare loop. Decodes and judges the pictures that it is sent the names of, as
 * often as it is told, and says how long each took.
 */
import { readFileSync } from 'node:fs';
import { loadModel } from '../../lambdas/vision/inference/model.ts';
import { decode } from '../../lambdas/vision/pictures/decode.ts';
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);
const model = await loadModel(process.argv[2] ?? '', 1);
process.on('message', ({ files, milliseconds }: { files: string[]; milliseconds: number }) => {
  const pictures = files.map((file) => readFileSync(file));
  const until = performance.now() + milliseconds;
  void (async () => {
    let judged = 0;
    for (; performance.now() < until; judged += 1)
      await model.judge(await decode(pictures[judged % pictures.length] as Uint8Array, 'image/jpeg'));
    process.send?.({ judged });
  })();
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
