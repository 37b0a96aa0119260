import { describe, expect, test } from '@jest/globals';
import type { TrainingObservation } from '../../../../lambdas/engines/trainer.ts';
import { MemoryObjects } from '../../../helpers/artifacts.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import { trainingOn } from '../../../helpers/fake-sagemaker/hosting.ts';
import { persistently } from '../../../helpers/persistently.ts';
import { held, name, resultsOf, setUp, spec, walk, type Setting } from './setup.ts';

/**
 * One job, one package, one model, one transform for each type, whatever happened on the way, and nothing but
 * what belongs to the version when it is over.
 */
async function requireOneOfEach(setting: Setting, last: TrainingObservation | undefined): Promise<void> {
  const { fake, trainer } = setting;
  expect(last).toMatchObject({ state: 'trained' });
  expect([
    ...fake.world.trainings.keys(),
    ...fake.world.packages.keys(),
    ...fake.world.models.keys(),
    ...fake.world.transforms.keys(),
  ]).toEqual([name, name, name, `${name}-jpeg`, `${name}-png`]);
  expect(resultsOf(setting)).toMatchObject({ precision: 1, recall: 0.5, images: { train: 3, test: 4 } });
  await persistently(() => trainer.stop(spec()));
  expect(held(setting)).toEqual([`${name}/output/model.tar.gz`, 'results.json']);
  expect(fake.resources()).toEqual([fake.world.arn('model-package', name)]);
  expect(fake.world.violations).toEqual([]);
}

/** An object store whose call of that number fails, before it takes effect or after. */
class Faulty extends MemoryObjects {
  calls = 0;
  fault: { readonly at: number; readonly when: 'before' | 'after' } | undefined;

  async #with<T>(act: () => Promise<T>): Promise<T> {
    const hit = this.fault?.at === this.calls++ ? this.fault.when : undefined;
    if (hit === 'before') throw new Error('socket hang up');
    const result = await act();
    if (hit === 'after') throw new Error('socket hang up');
    return result;
  }

  override read(...given: Parameters<MemoryObjects['read']>) {
    return this.#with(() => super.read(...given));
  }
  override write(...given: Parameters<MemoryObjects['write']>) {
    return this.#with(() => super.write(...given));
  }
  override copy(...given: Parameters<MemoryObjects['copy']>) {
    return this.#with(() => super.copy(...given));
  }
  override removeAll(...given: Parameters<MemoryObjects['removeAll']>) {
    return this.#with(() => super.removeAll(...given));
  }
}

describe.each(['lost', 'unreachable', 'throttled'] as const)(
  'whichever call to SageMaker is %s,',
  (fault) => {
    test('there is one of each in the end', async () => {
      for (let call = 0, reached = true; reached; call += 1) {
        const setting = setUp();
        setting.fake.inject('*', fault, { after: call });
        const last = (await walk(setting)).at(-1);
        reached = setting.fake.pendingFaults() === 0;
        expect([call, last?.state]).toEqual([call, 'trained']);
        await requireOneOfEach(setting, last);
        if (!reached) expect(call).toBeGreaterThan(25);
      }
    });
  },
);

describe.each(['before', 'after'] as const)('whichever call to S3 fails %s it takes effect,', (when) => {
  test('there is one of each in the end', async () => {
    for (let at = 0, reached = true; reached; at += 1) {
      const objects = new Faulty();
      const setting = setUp({}, objects);
      objects.fault = { at, when };
      const last = (await walk(setting)).at(-1);
      reached = objects.calls > at;
      await requireOneOfEach(setting, last);
      if (!reached) expect(at).toBeGreaterThan(30);
    }
  });
});

test('two that train the same version at once, and each forget everything every minute, make one of each', async () => {
  const setting = setUp();
  let seen: TrainingObservation = { state: 'missing' };
  for (let minute = 0; minute < 40 && seen.state !== 'trained'; minute += 1) {
    const twins = [1, 2].map(() => trainingOn(setting.fake, setting.objects));
    const looks = await Promise.all(
      twins.map(async (twin) => {
        await persistently(() => twin.start(spec()));
        return twin.observe(spec());
      }),
    );
    seen = looks[0] ?? seen;
    setting.fake.clock.pass(minutes(1));
  }
  await requireOneOfEach(setting, seen);
});

test('whatever was under way when it was stopped, a second stop leaves nothing, and the names stay taken', async () => {
  for (let minute = 0; minute < 14; minute += 1) {
    const setting = setUp();
    const { fake, trainer } = setting;
    for (let passed = 0; passed < minute; passed += 1) {
      await trainer.start(spec());
      fake.clock.pass(minutes(1));
    }
    await trainer.stop(spec()).catch((error: unknown) => {
      expect((error as Error).name).toBe('StillEnding');
    });
    fake.clock.pass(minutes(2));
    await trainer.stop(spec());
    expect(fake.resources().filter((arn) => !arn.includes('model-package'))).toEqual([]);
    expect(held(setting).filter((path) => !/\/output\/|^results\.json$/.test(path))).toEqual([]);
    expect(fake.world.violations).toEqual([]);
  }
});
