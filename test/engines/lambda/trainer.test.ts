import { describe, expect, test } from '@jest/globals';
import type { ObjectLocation } from '../../../lambdas/domain/ports.ts';
import { createLambdaTrainer, endTraining, mostImages } from '../../../lambdas/engines/lambda/trainer.ts';
import { carryOut } from '../../../lambdas/engines/lambda/trainer-function.ts';
import {
  claimAt,
  heartbeatAt,
  orderAt,
  type TrainerEvent,
} from '../../../lambdas/engines/lambda/training-control.ts';
import { createEmbeddedTrainer } from '../../../lambdas/engines/process/trainer.ts';
import { MemoryObjects } from '../../helpers/artifacts.ts';
import { silent } from '../../helpers/engine.ts';
import { FakeLambda } from '../../helpers/fake-lambda/fake.ts';
import { ServiceError } from '../../helpers/fake-sagemaker/service-error.ts';
import { plates } from '../../vision/pictures-made.ts';

const artifacts = { bucket: 'artifacts', prefix: '' };
const place = { stage: 'dev', artifacts };

class Objects extends MemoryObjects {
  writeNew({ bucket, key }: ObjectLocation, bytes: Uint8Array): Promise<boolean> {
    if (this.objects.has(`${bucket}/${key}`)) return Promise.resolve(false);
    return this.write({ bucket, key }, bytes).then(() => true);
  }
}

const specOf = (id: string): TrainerEvent['spec'] => {
  const prefix = `lids/3-${id}/`;
  const at = (set: string): ObjectLocation => ({
    bucket: 'artifacts',
    key: `${prefix}examples/${set}.jsonl`,
  });
  return {
    id,
    model: { project: 'lids', version: '3', createdAt: 1 },
    segmentation: false,
    workspace: { bucket: 'artifacts', prefix },
    examples: { train: at('train'), test: at('test') },
  };
};
const spec = specOf('op1');
const { model } = spec;

/** A function that takes orders, and carries out none unless it is told to. */
function setUp() {
  const fake = new FakeLambda();
  const objects = new Objects();
  const events: TrainerEvent[] = [];
  fake.functions.set('trainer', { input: {}, tags: new Map(), activeAt: 0 });
  fake.unit = (event) => {
    events.push(event as TrainerEvent);
    return { payload: null };
  };
  const { lambda } = fake.clients();
  const trainer = createLambdaTrainer({
    ...place,
    lambda,
    objects,
    clock: fake.clock,
    functionName: 'trainer',
  });
  const run = (event: TrainerEvent) =>
    carryOut({ ...place, objects, clock: fake.clock, log: silent, runner: {} }, event, () => 900_000);
  const beat = (n: number, more: object = {}) =>
    objects.write(
      heartbeatAt(place, model),
      Buffer.from(JSON.stringify({ n, at: fake.clock.now(), stage: 'learning', done: 0.5, ...more })),
    );
  return { fake, objects, events, trainer, run, beat };
}

const lines = (count: number): Uint8Array =>
  Buffer.from('{"label":"normal","source":"s3://x/y","line":{}}\n'.repeat(count));

describe('ordering', () => {
  test('happens once, however often it is asked for, and shows how far the training is', async () => {
    const { trainer, events, beat } = setUp();
    expect(await trainer.observe(spec)).toEqual({ state: 'missing' });
    await trainer.start(spec);
    await trainer.start(spec);
    expect(events).toEqual([{ spec, n: 1 }]);
    expect(await trainer.observe(spec)).toMatchObject({ state: 'running' });
    await beat(1);
    await trainer.start(spec);
    expect(await trainer.observe(spec)).toEqual({ state: 'running', note: 'Learning: 50 %.' });
    expect(events).toHaveLength(1);
  });

  test('is repeated for a function that has died, three times, and then the training fails', async () => {
    const { fake, trainer, events, beat } = setUp();
    for (const n of [1, 2, 3]) {
      await trainer.start(spec);
      expect(events.at(-1)?.n).toBe(n);
      await beat(n);
      fake.clock.pass(61_000);
      expect(await trainer.observe(spec)).toEqual({ state: 'missing' });
    }
    await trainer.start(spec);
    expect(events).toHaveLength(3);
    expect(await trainer.observe(spec)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('ended 3 times without a result'),
    });
  });

  test.each(['before it begins', 'while it is at work'])(
    'goes on at once after an answer that was lost, with the function that got the order (%s)',
    async (when) => {
      const { fake, trainer, events, beat } = setUp();
      fake.inject('Invoke', 'lost');
      if (when === 'before it begins') {
        await expect(trainer.start(spec)).rejects.toThrow();
        await trainer.start(spec);
        expect(events.map(({ n }) => n)).toEqual([1, 1]); // one of the two claims it
      } else {
        const starting = trainer.start(spec);
        await expect(starting).rejects.toThrow();
        await beat(1);
        await trainer.start(spec);
        expect(events.map(({ n }) => n)).toEqual([1]);
      }
      await beat(1);
      expect(await trainer.observe(spec)).toEqual({ state: 'running', note: 'Learning: 50 %.' });
    },
  );

  test('is told again after twenty seconds where nobody has begun, and counts as one order for minutes', async () => {
    const { fake, trainer, events, run } = setUp();
    await trainer.start(spec);
    events.length = 0; // whoever ordered ended before the call
    fake.clock.pass(19_000);
    expect(await trainer.observe(spec)).toMatchObject({ state: 'running' });
    fake.clock.pass(1000);
    expect(await trainer.observe(spec)).toEqual({ state: 'missing' });
    await trainer.start(spec);
    await trainer.start(spec);
    expect(events.map(({ n }) => n)).toEqual([1]);
    fake.clock.pass(160_000);
    await trainer.start(spec);
    expect(events.map(({ n }) => n)).toEqual([1, 2]);
    expect(await run(events[0] as TrainerEvent)).toBe('unwanted');
  });

  test('that was refused does not bring back what was ended meanwhile', async () => {
    const { fake, objects, trainer } = setUp();
    fake.unit = () => {
      objects.objects.clear();
      throw new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429);
    };
    await expect(trainer.start(spec)).rejects.toThrow('Rate Exceeded');
    expect([...objects.objects.keys()]).toEqual([]);
  });

  test('is refused for sets that do not fit the time of a function', async () => {
    const { objects, trainer, events } = setUp();
    await objects.write(spec.examples.train, lines(mostImages.train + 1));
    await expect(trainer.start(spec)).rejects.toThrow(`takes up to ${mostImages.train}`);
    await objects.write(spec.examples.train, lines(3));
    await objects.write(spec.examples.test, lines(mostImages.test + 1));
    await expect(trainer.start(spec)).rejects.toThrow(`takes up to ${mostImages.test}`);
    expect(events).toEqual([]);
  });
});

describe('ending', () => {
  test('waits for a function that is at work, and leaves nothing', async () => {
    const { objects, trainer, beat, fake } = setUp();
    await trainer.start(spec);
    await beat(1);
    const sleep = fake.clock.sleep.bind(fake.clock);
    fake.clock.sleep = async (milliseconds) => {
      await sleep(milliseconds);
      await beat(1);
    };
    await expect(trainer.stop(spec)).rejects.toThrow('is still being ended');
    expect(
      JSON.parse(Buffer.from((await objects.read(orderAt(place, model))) ?? []).toString()),
    ).toMatchObject({
      stopped: true,
    });
    fake.clock.sleep = sleep;
    await beat(1, { over: true });
    await trainer.stop(spec);
    expect([...objects.objects.keys()]).toEqual([]);
  });

  test('between the first look of a function and its claim leaves nothing either', async () => {
    const { objects, trainer, events, run, fake } = setUp();
    await trainer.start(spec);
    const writeNew = objects.writeNew.bind(objects);
    objects.writeNew = async (...claim) => {
      await endTraining({ ...place, objects, clock: fake.clock }, model);
      expect([...objects.objects.keys()]).toEqual([]);
      return writeNew(...claim);
    };
    expect(await run(events[0] as TrainerEvent)).toBe('unwanted');
    expect([...objects.objects.keys()]).toEqual([]);
  });

  test('an order that nobody has begun with is withdrawn, and its late delivery does nothing', async () => {
    const { objects, trainer, events, run, fake } = setUp();
    await trainer.start(spec);
    await endTraining({ ...place, objects, clock: fake.clock }, model);
    expect(await run(events[0] as TrainerEvent)).toBe('unwanted');
    expect([...objects.objects.keys()]).toEqual([]);
  });
});

describe('the function', () => {
  test('carries an order out once, to the same model as a laptop, bit for bit', async () => {
    const { fake, objects, trainer, events, run } = setUp();
    for (const [set, pictures] of Object.entries({
      train: plates(6, 4, 0, 1, { side: 64 }),
      test: plates(3, 3, 0, 2, { side: 64 }),
    })) {
      const text: string[] = [];
      for (const picture of pictures) {
        const { id, label } = picture;
        objects.objects.set(`photos/${set}/${id}`, await picture.load());
        text.push(`${JSON.stringify({ source: `s3://photos/${set}/${id}`, label, line: {} })}\n`);
      }
      for (const each of [spec, specOf('laptop')])
        await objects.write(each.examples[set as 'train'], Buffer.from(text.join('')));
    }
    await trainer.start(spec);
    const event = events[0] as TrainerEvent;
    expect(await Promise.all([run(event), run(event)])).toEqual(
      expect.arrayContaining(['trained', 'unwanted']),
    );
    expect(await trainer.observe(spec)).toMatchObject({
      state: 'trained',
      artifact: { prefix: 'lids/3-op1/', format: 'onnx' },
    });
    expect(await objects.read(claimAt(place, model, 1))).toBeDefined();

    const laptop = createEmbeddedTrainer({
      objects,
      clock: fake.clock,
      log: silent,
      artifacts,
      children: { register: () => undefined, unregister: () => undefined },
    });
    await laptop.start(specOf('laptop'));
    while ((await laptop.observe(specOf('laptop'))).state === 'running')
      await new Promise((resolve) => setTimeout(resolve, 100));
    const graphOf = (id: string) => objects.objects.get(`artifacts/lids/3-${id}/model.onnx`);
    expect(graphOf('laptop')).toBeDefined();
    expect(Buffer.compare(graphOf('op1') ?? Buffer.from(''), graphOf('laptop') ?? Buffer.from('x'))).toBe(0);
    await trainer.stop(spec);
    expect([...objects.objects.keys()].filter((path) => path.includes('trainings/'))).toEqual([]);
    expect(await trainer.observe(spec)).toMatchObject({ state: 'trained' });
  }, 240_000);

  test('says what a user can put right, and ends when it is no longer wanted', async () => {
    const { objects, trainer, events, run } = setUp();
    await objects.write(spec.examples.train, lines(3));
    await objects.write(spec.examples.test, lines(1));
    await trainer.start(spec);
    expect(await run(events[0] as TrainerEvent)).toBe('failed');
    expect(await trainer.observe(spec)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('There is no object at s3://x/y'),
    });
  }, 60_000);
});
