import { describe, expect, test } from '@jest/globals';
import { EngineBusy, EngineFailed, NotHosted, type DeploymentSpec } from '../../../lambdas/engines/engine.ts';
import { createLambdaDetector } from '../../../lambdas/engines/lambda/detect.ts';
import { createLambdaEngine } from '../../../lambdas/engines/lambda/engine.ts';
import type { UnitSettings } from '../../../lambdas/engines/lambda/options.ts';
import { PictureRefused } from '../../../lambdas/domain/verdict.ts';
import { FakeLambda } from '../../helpers/fake-lambda/fake.ts';
import { unitSettings } from '../../helpers/fake-lambda/unit-settings.ts';
import { ServiceError } from '../../helpers/fake-sagemaker/service-error.ts';
import { silent } from '../../helpers/engine.ts';

const id = '0mf3k2xq9v7d1t5r8w4yzabcd';
const name = `cn-dev-${id}`;
const ref = { id, model: { project: 'lids', version: '3' }, format: 'onnx' } as const;
const spec = (units: DeploymentSpec['units']): DeploymentSpec => ({
  ...ref,
  units,
  source: {},
  artifact: { bucket: 'artifacts', prefix: 'lids/3-1/', format: 'onnx' },
});

function setUp(more: Partial<UnitSettings> = {}) {
  const fake = new FakeLambda();
  const clients = fake.clients();
  const engine = createLambdaEngine({
    ...clients,
    stage: 'dev',
    tags: { team: 'quality' },
    clock: fake.clock,
    units: { ...unitSettings, ...more },
    pack: () => Promise.resolve(Buffer.from('a package')),
  });
  const detector = createLambdaDetector({
    ...clients,
    stage: 'dev',
    clock: fake.clock,
    log: silent,
    unitTimeout: 10_000,
  });
  const detect = (picture = 'a picture') => detector.detect(ref, Buffer.from(picture), 'image/jpeg');
  return { fake, engine, detect };
}

describe('provisioned units', () => {
  test('are a function, a bound and what is kept ready; each step is found done when it is repeated', async () => {
    const { fake, engine } = setUp();
    await engine.create(spec({ min: 2 }));
    expect(fake.functions.get(name)).toMatchObject({
      input: {
        Runtime: 'nodejs24.x',
        Publish: true,
        Role: 'arn:aws:iam::123456789012:role/units',
        MemorySize: 1769,
        Timeout: 10,
        LoggingConfig: { LogGroup: 'units' },
        Tags: { 'crowsnest:stage': 'dev', 'crowsnest:deployment': id, team: 'quality' },
      },
      reserved: 2,
      provisioned: { requested: 2 },
    });
    expect(await engine.observe(ref)).toEqual({ state: 'creating', note: '0 of 2 units are ready.' });
    fake.clock.pass(20_000);
    expect(await engine.observe(ref)).toEqual({ state: 'ready', unitsInService: 2 });
    fake.takeOperations();
    await engine.create(spec({ min: 2 }));
    expect(fake.takeOperations()).toEqual(['GetFunction', 'GetFunction', 'GetProvisionedConcurrencyConfig']);
  });

  test('run in the VPC of the stage where it has one', async () => {
    const inputOf = async (more: Partial<UnitSettings>): Promise<unknown> => {
      const { fake, engine } = setUp(more);
      await engine.create(spec({ min: 1 }));
      return fake.functions.get(name)?.input['VpcConfig'];
    };
    expect(await inputOf({})).toBeUndefined();
    expect(
      await inputOf({ vpc: { subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] } }),
    ).toEqual({
      SubnetIds: ['subnet-1', 'subnet-2'],
      SecurityGroupIds: ['sg-1'],
    });
  });

  test.each(['CreateFunction', 'PutFunctionConcurrency', 'PutProvisionedConcurrencyConfig'])(
    'come about although the answer to %s is lost',
    async (operation) => {
      const { fake, engine } = setUp();
      fake.inject(operation, 'lost');
      await expect(engine.create(spec({ min: 1 }))).rejects.toThrow();
      await engine.create(spec({ min: 1 }));
      fake.clock.pass(20_000);
      expect(await engine.observe(ref)).toMatchObject({ state: 'ready', unitsInService: 1 });
    },
  );

  test('are refused before anything is made where the account has no room for them', async () => {
    const { fake, engine } = setUp();
    fake.concurrency = 10;
    await expect(engine.create(spec({ min: 1 }))).rejects.toThrow(EngineFailed);
    await expect(engine.create(spec({ min: 1 }))).rejects.toThrow(/this account has 10 in this region/);
    expect(fake.resources()).toEqual([]);
  });

  test('that fail to initialise fail the model, in words', async () => {
    const { fake, engine } = setUp();
    fake.provisioningFails = 'FUNCTION_ERROR_INIT_FAILURE';
    await engine.create(spec({ min: 1 }));
    fake.clock.pass(20_000);
    expect(await engine.observe(ref)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('did not load in its unit'),
    });
  });

  test('follow demand up to the maximum, are resized without a stop, and go with everything', async () => {
    const { fake, engine } = setUp();
    await engine.create(spec({ min: 1, max: 3 }));
    await engine.scale(ref, { min: 1, max: 3 });
    expect(fake.functions.get(name)).toMatchObject({ reserved: 3, provisioned: { requested: 1 } });
    expect(fake.targets.get(`function:${name}:1`)).toEqual({ min: 1, max: 3, policies: 1 });
    await engine.scale(ref, { min: 2 });
    expect(fake.targets.size).toBe(0);
    expect(fake.functions.get(name)).toMatchObject({ reserved: 2, provisioned: { requested: 2 } });
    await engine.scale(ref, { min: 2, max: 5 });
    await engine.remove(ref);
    expect(fake.resources()).toEqual([]);
    expect(await engine.observe(ref)).toEqual({ state: 'gone', sealed: false });
    await engine.remove(ref);
  });

  test('leave no scaling behind, although whoever removed them ended after the function, or somebody else did it', async () => {
    const { fake, engine } = setUp();
    await engine.create(spec({ min: 1, max: 3 }));
    await engine.scale(ref, { min: 1, max: 3 });
    fake.functions.delete(name);
    await engine.remove(ref);
    expect(fake.resources()).toEqual([]);
  });

  test('a function that is being made is left for the next call; a stranger stays', async () => {
    const { fake, engine } = setUp();
    fake.life.creating = 60_000;
    await engine.create(spec({ min: 1 }));
    expect(await engine.observe(ref)).toMatchObject({ state: 'creating' });
    await engine.remove(ref);
    expect(fake.resources()).toEqual([name]);
    fake.clock.pass(60_000);
    fake.functions.get(name)?.tags.set('crowsnest:stage', 'other');
    await engine.remove(ref);
    expect(fake.resources()).toEqual([name]);
    await expect(engine.create(spec({ min: 1 }))).rejects.toThrow(/did not make, and leaves alone/);
  });
});

describe('a function that Lambda', () => {
  test.each(['provisioned', 'onDemand'] as const)(
    "does not find yet is neither made twice nor believed to be somebody else's (%s)",
    async (mode) => {
      const { fake, engine } = setUp({ mode });
      fake.life.hidden = 30_000; // longer than one task waits
      await engine.create(spec({ min: 1 }));
      expect(fake.resources()).toEqual([name]);
      expect(await engine.observe(ref)).toEqual({ state: 'gone', sealed: false });
      await engine.create(spec({ min: 1 })); // finds that the name is taken
      fake.clock.pass(30_000);
      await engine.create(spec({ min: 1 }));
      fake.clock.pass(20_000);
      expect(await engine.observe(ref)).toMatchObject(
        mode === 'onDemand' ? { state: 'ready' } : { state: 'ready', unitsInService: 1 },
      );
      expect(fake.resources()).toEqual([name]);
    },
  );

  test.each<['provisioned' | 'onDemand', string]>([
    ['provisioned', 'PutFunctionConcurrency'],
    ['provisioned', 'PutProvisionedConcurrencyConfig'],
    ['onDemand', 'Invoke'],
    ['onDemand', 'TagResource'],
  ])('knows here and not there is made ready later (%s, %s)', async (mode, operation) => {
    const { fake, engine } = setUp({ mode });
    for (const type of ['ResourceNotFoundException', 'ResourceConflictException']) {
      fake.inject(operation, new ServiceError(type, 'Function not found, or not ready', 404));
      await engine.create(spec({ min: 1 }));
      expect(await engine.observe(ref)).toMatchObject({ state: 'removing' });
    }
    await engine.create(spec({ min: 1 }));
    fake.clock.pass(20_000);
    expect(await engine.observe(ref)).toMatchObject({ state: 'ready' });
  });

  test.each(['provisioned', 'onDemand'] as const)(
    'is updating serves on; it is neither scaled nor removed before the update has ended (%s)',
    async (mode) => {
      const { fake, engine, detect } = setUp({ mode });
      await engine.create(spec({ min: 1, max: 2 }));
      await engine.scale(ref, { min: 1, max: 2 });
      fake.clock.pass(20_000);
      fake.update(name, 60_000);
      expect(await engine.observe(ref)).toMatchObject({
        state: 'ready',
        note: expect.stringContaining('is updating'),
      });
      fake.unit = () => ({ payload: { kind: 'verdict', verdict: { isAnomalous: false, confidence: 1 } } });
      expect(await detect()).toMatchObject({ isAnomalous: false });
      await expect(engine.scale(ref, { min: 2, max: 3 })).rejects.toMatchObject({
        name: 'ResourceConflictException',
      });
      await engine.remove(ref);
      expect(fake.resources()).toContain(name);
      expect(await engine.observe(ref)).toMatchObject({ state: 'ready' });
      fake.clock.pass(60_000);
      expect(await engine.observe(ref)).not.toHaveProperty('note');
      await engine.scale(ref, { min: 2, max: 3 });
      expect(fake.functions.get(name)).toMatchObject({ reserved: 3 });
      await engine.remove(ref);
      expect(fake.resources()).toEqual([]);
    },
  );
});

describe('units on demand', () => {
  test('keep nothing ready, load the model once, and do so also in an account with ten executions', async () => {
    const { fake, engine } = setUp({ mode: 'onDemand' });
    fake.concurrency = 10;
    await engine.create(spec({ min: 1 }));
    expect(fake.functions.get(name)).not.toHaveProperty('provisioned');
    expect(await engine.observe(ref)).toEqual({ state: 'ready' });
    fake.takeOperations();
    await engine.create(spec({ min: 1 }));
    expect(fake.takeOperations()).not.toContain('Invoke');
  });

  test('are not hosted where the model does not load', async () => {
    const { fake, engine } = setUp({ mode: 'onDemand' });
    fake.unit = () => ({
      error: 'Unhandled',
      payload: { errorType: 'ArtifactUnfit', errorMessage: 'model.onnx does not load' },
    });
    await expect(engine.create(spec({ min: 1 }))).rejects.toThrow(/model.onnx does not load/);
    expect(await engine.observe(ref)).toMatchObject({ state: 'removing' });
  });
});

describe('a verdict', () => {
  const hosted = async () => {
    const all = setUp({ mode: 'onDemand' });
    await all.engine.create(spec({ min: 1 }));
    return all;
  };

  test('comes back with its mask as bytes', async () => {
    const { fake, detect } = await hosted();
    fake.unit = () => ({
      payload: { kind: 'verdict', verdict: { isAnomalous: true, confidence: 0.9, mask: 'iVBORw==' } },
    });
    expect(await detect()).toEqual({
      isAnomalous: true,
      confidence: 0.9,
      mask: new Uint8Array([0x89, 0x50, 0x4e, 0x47]),
    });
  });

  test('is not given where the picture is refused, all units are at work, or there is no function', async () => {
    const { fake, engine, detect } = await hosted();
    fake.unit = () => ({ payload: { kind: 'refused', rule: 'The picture is animated.' } });
    await expect(detect()).rejects.toThrow(new PictureRefused('The picture is animated.'));
    fake.inject('Invoke', new ServiceError('TooManyRequestsException', 'Rate Exceeded.', 429));
    await expect(detect()).rejects.toThrow(EngineBusy);
    await engine.remove(ref);
    await expect(detect()).rejects.toThrow(NotHosted);
  });

  test.each([
    [{ errorType: 'Runtime.ExitError', errorMessage: 'signal: segmentation fault' }, 'it ended while'],
    [
      { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 10.00 seconds' },
      'did not answer in time',
    ],
    [{ errorMessage: '2026-01-01 Task timed out after 10.00 seconds' }, 'did not answer in time'],
  ])(
    'is tried once more when its unit is lost (%j), then the picture is refused and remembered',
    async (payload, reason) => {
      const { fake, detect } = await hosted();
      let asked = 0;
      fake.unit = () => {
        asked += 1;
        return { error: 'Unhandled', payload };
      };
      await expect(detect()).rejects.toThrow(PictureRefused);
      expect(asked).toBe(2);
      await expect(detect()).rejects.toThrow(reason);
      expect(asked).toBe(2);
      fake.unit = () => ({ payload: { kind: 'verdict', verdict: { isAnomalous: false, confidence: 1 } } });
      expect(await detect('another')).toMatchObject({ isAnomalous: false });
    },
  );

  test('is answered with "later" when a unit is stuck for all its time; the second time it is refused', async () => {
    const { fake, detect } = await hosted();
    let asked = 0;
    fake.unit = () => {
      asked += 1;
      fake.clock.pass(10_000);
      return {
        error: 'Unhandled',
        payload: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 10.00 seconds' },
      };
    };
    const began = fake.clock.now();
    await expect(detect()).rejects.toThrow(
      new EngineBusy(
        'The inference unit that had the picture was lost: it did not answer in time. Try again.',
      ),
    );
    expect([asked, fake.clock.now() - began]).toEqual([1, 10_000]);
    await expect(detect()).rejects.toThrow(PictureRefused);
    await expect(detect()).rejects.toThrow(PictureRefused);
    expect(asked).toBe(2);
  });

  test('is tried once more after a unit that ended soon, not after one that ended late', async () => {
    for (const [after, tries] of [
      [5000, 2],
      [5001, 1],
    ] as const) {
      const { fake, detect } = await hosted();
      let asked = 0;
      fake.unit = () => {
        asked += 1;
        fake.clock.pass(after);
        return asked === 1
          ? { error: 'Unhandled', payload: { errorType: 'Runtime.ExitError', errorMessage: 'exit 1' } }
          : { payload: { kind: 'verdict', verdict: { isAnomalous: false, confidence: 1 } } };
      };
      if (tries === 2) expect(await detect()).toMatchObject({ isAnomalous: false });
      else await expect(detect()).rejects.toThrow(EngineBusy);
      expect(asked).toBe(tries);
    }
  });

  test('is not waited for when Lambda says nothing: "later", again and again, and no picture is blamed', async () => {
    const { fake } = await hosted();
    const { lambda } = fake.clients();
    const send = lambda.send.bind(lambda);
    let silentFor = 3;
    const never = (_command: unknown, { abortSignal }: { abortSignal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        abortSignal.addEventListener('abort', () => {
          reject(new Error('Request aborted'));
        });
      });
    lambda.send = ((command: never, options: never) => {
      silentFor -= 1;
      return silentFor >= 0 ? never(command, options) : send(command, options);
    }) as never;
    const detector = createLambdaDetector({
      lambda,
      stage: 'dev',
      clock: fake.clock,
      log: silent,
      unitTimeout: 10_000,
      answerWithin: 50,
    });
    const detect = () => detector.detect(ref, Buffer.from('a picture'), 'image/jpeg');
    for (let time = 0; time < 3; time += 1)
      await expect(detect()).rejects.toThrow(
        new EngineBusy(
          'The inference unit that had the picture was lost: it did not answer within 0.05 seconds. Try again.',
        ),
      );
    fake.unit = () => ({ payload: { kind: 'verdict', verdict: { isAnomalous: false, confidence: 1 } } });
    expect(await detect()).toMatchObject({ isAnomalous: false });
  });

  test('a unit that answers with an error of its own is no lost one', async () => {
    const { fake, detect } = await hosted();
    fake.unit = () => ({ error: 'Unhandled', payload: { errorType: 'TypeError', errorMessage: 'x' } });
    await expect(detect()).rejects.toThrow('The inference unit failed: TypeError: x');
  });
});
