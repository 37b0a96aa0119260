import { beforeEach, describe, expect, test } from '@jest/globals';
import { PictureRefused } from '../../lambdas/domain/verdict.ts';
import type { ArtifactFormat, Model } from '../../lambdas/domain/model.ts';
import {
  EngineBusy,
  EngineFailed,
  NotHosted,
  type DeploymentRef,
  type DeploymentSpec,
} from '../../lambdas/engines/engine.ts';
import { routeDetector, routeEngine, routeImporter, routeTrainer } from '../../lambdas/engines/route.ts';
import type { TrainingObservation, TrainingSpec } from '../../lambdas/engines/trainer.ts';
import { json, manifest, MemoryObjects } from '../helpers/artifacts.ts';
import { ScriptedEngine } from '../helpers/scripted-engine.ts';
import { ScriptedTrainer } from '../helpers/scripted-trainer.ts';

const picture = Buffer.from('a picture');
let onnx: ScriptedEngine;
let sagemaker: ScriptedEngine;

beforeEach(() => {
  onnx = new ScriptedEngine();
  sagemaker = new ScriptedEngine();
});

const ref = (format?: ArtifactFormat): DeploymentRef => ({
  id: 'd1',
  model: { project: 'lids', version: '3' },
  ...(format !== undefined && { format }),
});
const spec = (format?: ArtifactFormat): DeploymentSpec => ({
  ...ref(format),
  units: { min: 1, max: 2 },
  source: {},
  artifact: { bucket: 'artifacts', prefix: 'lids/3-1/', ...(format !== undefined && { format }) },
});

/** What each engine was asked. */
const asked = (): [onnx: string[], sagemaker: string[]] => [onnx.calls.splice(0), sagemaker.calls.splice(0)];

describe("a version's artifact decides its engine", () => {
  test.each<[string, ArtifactFormat | undefined]>([
    ['onnx', 'onnx'],
    ['sagemaker', 'sagemaker'],
    ['sagemaker', undefined], // of 0.1, whose rows do not say
  ])('%s has what is made of %s', async (engine, format) => {
    const routed = routeEngine({ onnx, sagemaker });
    await routed.create(spec(format));
    await routed.scale(ref(format), { min: 1, max: 2 });
    expect(await routed.observe(ref(format))).toEqual({ state: 'ready' });
    expect(await routed.detect(ref(format), picture, 'image/png')).toMatchObject({ isAnomalous: true });
    await routed.remove(ref(format));
    expect(await routed.observe(ref(format))).toEqual({ state: 'gone', sealed: true });
    const calls = ['create', 'scale', 'observe', 'detect', 'remove', 'observe'].map((call) => `${call} d1`);
    expect(asked()).toEqual(engine === 'onnx' ? [calls, []] : [[], calls]);
  });

  test.each([
    new EngineFailed('There is no room.'),
    new EngineBusy('All units are at work.'),
    new NotHosted('It is not there.'),
    new PictureRefused('The picture is animated.'),
  ])('what an engine throws arrives as it is: $name', async (error) => {
    sagemaker.before = () => {
      throw error;
    };
    const routed = routeEngine({ onnx, sagemaker });
    await expect(routed.create(spec('sagemaker'))).rejects.toBe(error);
    await expect(routed.observe(ref('sagemaker'))).rejects.toBe(error);
    await expect(routed.scale(ref('sagemaker'), { min: 1 })).rejects.toBe(error);
    await expect(routed.remove(ref('sagemaker'))).rejects.toBe(error);
    await expect(routed.detect(ref('sagemaker'), picture, 'image/png')).rejects.toBe(error);
    expect(asked()[0]).toEqual([]);
  });
});

describe('a stage without SageMaker', () => {
  test.each(['sagemaker', undefined] as const)('never hosts what needs it (%s)', async (format) => {
    const routed = routeEngine({ onnx });
    await expect(routed.create(spec(format))).rejects.toThrow(
      new EngineFailed('This stage has no engine for what the model is made of.'),
    );
    await expect(routed.detect(ref(format), picture, 'image/png')).rejects.toThrow(NotHosted);
    await expect(routeDetector({ onnx }).detect(ref(format), picture, 'image/png')).rejects.toThrow(
      NotHosted,
    );
    expect(asked()[0]).toEqual([]);
  });

  test('does not believe that what SageMaker has is gone, and says what to do', async () => {
    const routed = routeEngine({ onnx });
    const message = /Configure again what the stage had of SageMaker, and stop the model/;
    await expect(routed.observe(ref('sagemaker'))).rejects.toThrow(message);
    await expect(routed.remove(ref('sagemaker'))).rejects.toThrow(message);
    await expect(routed.scale(ref('sagemaker'), { min: 1 })).rejects.toThrow(message);
  });

  test('has nothing of a deployment that was never provisioned', async () => {
    const routed = routeEngine({ onnx });
    await routed.remove(ref());
    expect(await routed.observe(ref())).toEqual({ state: 'gone', sealed: true });
    await expect(routed.scale(ref(), { min: 1 })).rejects.toThrow(/no engine/);
    expect(asked()[0]).toEqual([]);
  });
});

describe('an import', () => {
  const model = (source: Model['source'], format?: ArtifactFormat): Model =>
    ({
      project: 'lids',
      version: '3',
      source,
      ...(format !== undefined && { artifact: { bucket: 'artifacts', prefix: 'lids/3-1/', format } }),
    }) as Model;
  const objects = new MemoryObjects({
    'models/onnx/model.onnx': Buffer.from('a model'),
    'models/half/model.json': json(manifest),
    'models/job/output/model.tar.gz': Buffer.from('a model'),
  });
  const s3 = (Prefix?: string) => ({ S3: { Bucket: 'models', ...(Prefix !== undefined && { Prefix }) } });

  test.each<[string, Model['source'], string]>([
    ['a folder with a graph', s3('onnx/'), 'onnx'],
    ['the same without its slash', s3('onnx'), 'onnx'],
    ['a folder with half an artifact, which says what is missing', s3('half'), 'onnx'],
    ['the output of a training job', s3('job/output/model.tar.gz'), 'sagemaker'],
    ['a folder with neither', s3('job/output/'), 'sagemaker'],
    ['a bucket with neither', s3(), 'sagemaker'],
    ['a bucket that may not be read', { S3: { Bucket: 'theirs', Prefix: 'onnx/' } }, 'sagemaker'],
    ['a model package', { ModelPackageArn: 'arn:aws:sagemaker:…' }, 'sagemaker'],
  ])('of %s (%j) is checked by %3$s', async (_what, source, engine) => {
    const store = {
      stream: (location: Parameters<MemoryObjects['stream']>[0]) =>
        location.bucket === 'theirs' ? Promise.reject(new Error('AccessDenied')) : objects.stream(location),
    };
    const routed = routeImporter({ onnx, sagemaker }, store);
    expect(await routed.admit(model(source))).toMatchObject({ admitted: true });
    expect(asked()).toEqual(engine === 'onnx' ? [['admit 3'], []] : [[], ['admit 3']]);
    await routeImporter({ onnx }, store).admit(model(source));
    expect(asked()).toEqual([['admit 3'], []]);
  });

  test.each<[ArtifactFormat | undefined, boolean, string[], string[]]>([
    ['onnx', true, ['discard 3'], []],
    ['sagemaker', true, [], ['discard 3']],
    [undefined, true, ['discard 3'], ['discard 3']], // nobody knows how far it got
    ['onnx', false, ['discard 3'], []],
    ['sagemaker', false, ['discard 3'], []],
    [undefined, false, ['discard 3'], []],
  ])('that left %s is discarded where it may be (SageMaker: %s)', async (format, both, first, second) => {
    await routeImporter({ onnx, ...(both && { sagemaker }) }, objects).discard(model(s3('onnx'), format));
    expect(asked()).toEqual([first, second]);
  });

  test('is discarded by both although one of them has trouble, which is told', async () => {
    onnx.before = () => Promise.reject(new Error('the training is still being ended'));
    const routed = routeImporter({ onnx, sagemaker }, objects);
    await expect(routed.discard(model(s3('onnx')))).rejects.toThrow('still being ended');
    expect(asked()).toEqual([['discard 3'], ['discard 3']]);
  });
});

describe("a stage's trainer, and the one that it had before", () => {
  let chosen: ScriptedTrainer;
  let other: ScriptedTrainer;
  const training = { id: 't1' } as TrainingSpec;
  const running: TrainingObservation = { state: 'running', note: 'Learning: 10 %.' };
  const calls = (): [string[], string[]] => [chosen.calls.splice(0), other.calls.splice(0)];

  beforeEach(() => {
    chosen = new ScriptedTrainer(new MemoryObjects({}));
    other = new ScriptedTrainer(new MemoryObjects({}));
    chosen.born = other.born = running;
  });

  test('the chosen one begins what nobody has begun, and keeps its workspaces', async () => {
    const routed = routeTrainer(chosen, other);
    expect(routed.artifacts).toBe(chosen.artifacts);
    expect(await routed.observe(training)).toEqual({ state: 'missing' });
    calls();
    await routed.start(training);
    expect(calls()).toEqual([['observe t1', 'start t1'], ['observe t1']]);
    expect(await routed.observe(training)).toEqual(running);
    expect(calls()).toEqual([['observe t1'], []]);
  });

  test.each<TrainingObservation>([
    running,
    { state: 'failed', reason: 'The images are too small.' },
    { state: 'trained', artifact: { bucket: 'b', prefix: 'p/' }, results: { bucket: 'b', key: 'k' } },
  ])('the other one brings to its end what it has begun: $state', async (seen) => {
    other.jobs.set('t1', seen);
    const routed = routeTrainer(chosen, other);
    expect(await routed.observe(training)).toEqual(seen);
    calls();
    await routed.start(training); // its next step
    expect(calls()).toEqual([['observe t1'], ['observe t1', 'start t1']]);
    expect(chosen.jobs.size).toBe(0);
  });

  test.each(['start', 'observe'] as const)('who cannot be asked begins nothing: %s', async (call) => {
    for (const trainer of [chosen, other]) {
      trainer.before = (each) => {
        if (each === 'observe') throw new Error('Rate exceeded');
      };
      await expect(routeTrainer(chosen, other)[call](training)).rejects.toThrow('Rate exceeded');
      trainer.before = () => undefined;
    }
    expect([chosen.jobs.size, other.jobs.size]).toEqual([0, 0]);
  });

  test.each(['chosen', 'other'])('both are ended, also where the %s one has trouble', async (which) => {
    const [trouble, fine] = which === 'chosen' ? [chosen, other] : [other, chosen];
    fine.jobs.set('t1', running);
    trouble.before = () => Promise.reject(new Error('it is still being ended'));
    await expect(routeTrainer(chosen, other).stop(training)).rejects.toThrow('still being ended');
    expect(fine.jobs.size).toBe(0);
    trouble.before = () => undefined;
    await routeTrainer(chosen, other).stop(training);
  });
});
