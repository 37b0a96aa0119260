/**
 * One inference unit: a process of its own, because a crash in native code must not end the host. It is
 * forked with the options as JSON, says `ready` or `unfit`, and then answers requests in their order: a
 * picture is decoded as soon as it comes, beside the one that is judged. It ends when its channel does, which
 * is when the host is gone.
 */
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { PictureRefused } from '../../domain/verdict.ts';
import { ArtifactUnfit } from '../../vision/inference/artifact.ts';
import { checkArtifact } from '../../vision/inference/check-artifact.ts';
import { judgePicture } from '../../vision/inference/judge-picture.ts';
import { loadModel, type LoadedModel } from '../../vision/inference/model.ts';
import { runtimeReason } from '../../vision/inference/runtime-reason.ts';
import { decode, type Picture } from '../../vision/pictures/decode.ts';
import type { UnitMessage, UnitOptions, UnitRequest } from './unit-protocol.ts';

// A graph runs on the main thread, so while one hangs nobody there sees the channel close. This thread sees
// that the parent has changed.
const watch = `
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);
`;

const options = JSON.parse(process.argv[3] ?? '{}') as UnitOptions;
sharp.cache(false);
sharp.concurrency(options.threads);
new Worker(watch, {
  eval: true,
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
}).unref();
process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C is for the host, which lets what is under way be answered first.
process.on('SIGINT', () => undefined);

const say = (message: UnitMessage): void => void process.send?.(message);
const rss = (): number => process.memoryUsage.rss();

try {
  if (options.check === true) await checkArtifact(options.folder);
  const model = await loadModel(options.folder, options.threads);
  let last = Promise.resolve();
  process.on('message', (request: UnitRequest) => {
    const decoded = decode(request.picture, request.type, options.limits);
    decoded.catch(() => undefined); // told when its turn has come
    last = last.then(async () => say(await answer(model, request.id, decoded)));
  });
  say({ kind: 'ready', rss: rss() });
} catch (error) {
  if (!(error instanceof ArtifactUnfit)) throw error;
  say({ kind: 'unfit', problems: error.problems });
}

async function answer(model: LoadedModel, id: number, decoded: Promise<Picture>): Promise<UnitMessage> {
  try {
    return { kind: 'verdict', id, verdict: await judgePicture(model, await decoded), rss: rss() };
  } catch (error) {
    if (error instanceof PictureRefused) return { kind: 'refused', id, rule: error.message, rss: rss() };
    return { kind: 'failed', id, reason: runtimeReason(error), rss: rss() };
  }
}
