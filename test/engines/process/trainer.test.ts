import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { ObjectStore } from '../../../lambdas/domain/ports.ts';
import { createFolderObjects } from '../../../lambdas/local/folder-objects.ts';
import { createEmbeddedTrainer, type EmbeddedTrainer } from '../../../lambdas/engines/process/trainer.ts';
import type { TrainingExample, TrainingObservation, TrainingSpec } from '../../../lambdas/engines/trainer.ts';
import { systemClock } from '../../../lambdas/domain/clock-and-ids.ts';
import { plates } from '../../vision/pictures-made.ts';

const artifacts = { bucket: 'artifacts', prefix: '' };
const at = (name: string) => ({ bucket: 'artifacts', key: `parts/1-op/${name}` });
const spec: TrainingSpec = {
  id: 'op',
  model: { project: 'parts', version: '1', createdAt: 0 },
  segmentation: false,
  workspace: { bucket: 'artifacts', prefix: 'parts/1-op/' },
  examples: { train: at('examples/train.jsonl'), test: at('examples/test.jsonl') },
};

/** A trainer whose training needs, besides good pictures, the one at `source`. */
async function trainerWith(source: string, read?: ObjectStore['read']): Promise<EmbeddedTrainer> {
  const objects = createFolderObjects(mkdtempSync(join(tmpdir(), 'crowsnest-trainer-')));
  const examples: TrainingExample[] = [];
  for (const picture of plates(6, 3, 0, 1, { side: 64 })) {
    await objects.write({ bucket: 'photos', key: `${picture.id}.png` }, await picture.load());
    examples.push({ source: `s3://photos/${picture.id}.png`, label: picture.label, line: {} });
  }
  const lines = (list: readonly TrainingExample[]): Uint8Array =>
    Buffer.from(list.map((each) => `${JSON.stringify(each)}\n`).join(''));
  await objects.write(spec.examples.train, lines([...examples, { source, label: 'normal', line: {} }]));
  await objects.write(spec.examples.test, lines(examples));
  const children = { register: () => undefined, unregister: () => undefined };
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    event: () => undefined,
    with: () => log,
  };
  return createEmbeddedTrainer({
    objects:
      read === undefined
        ? objects
        : {
            ...objects,
            read: (location) => (location.key === 'odd.png' ? read(location) : objects.read(location)),
          },
    clock: systemClock,
    log,
    children,
    artifacts,
  });
}

async function outcome(trainer: EmbeddedTrainer): Promise<TrainingObservation> {
  await trainer.start(spec);
  for (;;) {
    const seen = await trainer.observe(spec);
    if (seen.state !== 'running') return seen;
    await sleep(20);
  }
}

test.each([
  [
    'is not there',
    's3://photos/none.png',
    /^There is no object at s3:\/\/photos\/none\.png \(the file \S+\/photos\/none\.png in the data folder\)\. Put the image back/,
  ],
  [
    'can never be there',
    's3://photos/a/../b.png',
    /^s3:\/\/photos\/a\/\.\.\/b\.png: no part of a key may be/,
  ],
])(
  'a training whose picture %s fails at once, and says which',
  async (_, source, reason) => {
    const trainer = await trainerWith(source);
    expect(await outcome(trainer)).toEqual({ state: 'failed', reason: expect.stringMatching(reason) });
    await trainer.stop(spec);
    expect(await trainer.observe(spec)).toEqual({ state: 'missing' });
  },
  300_000,
);

test('one that could not be read this time is no failure: the training is missing, and starts over', async () => {
  const trainer = await trainerWith('s3://photos/odd.png', () =>
    Promise.reject(new Error('the disk is busy')),
  );
  expect(await outcome(trainer)).toEqual({ state: 'missing' });
}, 300_000);
