import { afterEach, describe, expect, test } from '@jest/globals';
import type { Model, ModelSource } from '../../../lambdas/domain/model.ts';
import type { Admission } from '../../../lambdas/engines/engine.ts';
import { float32, Graph, int64 } from '../../../lambdas/vision/onnx/graph.ts';
import { colourGraph, colourManifest, hangingGraph, json, manifest, start } from '../../helpers/artifacts.ts';
import { openBench, until, type Bench } from '../../helpers/engine.ts';

let bench: Bench;
afterEach(() => bench.end());

const modelOf = (source: ModelSource): Model => ({
  v: 1,
  project: 'parts',
  version: '3',
  createdAt: 0,
  status: 'TRAINING',
  statusMessage: '',
  source,
  operation: { id: 'op7', attempt: 1, kind: 'import', actor: 'me', at: 0, deadline: 0 },
});
const s3 = (Prefix?: string): Model =>
  modelOf({ S3: { Bucket: 'lines', ...(Prefix !== undefined && { Prefix }) } });

const put = (prefix: string, graph: Uint8Array | undefined, description: unknown): void => {
  if (graph !== undefined) bench.objects.objects.set(`lines/${prefix}model.onnx`, graph);
  if (description !== undefined) bench.objects.objects.set(`lines/${prefix}model.json`, json(description));
};
const reasonOf = (admission: Admission): string => (admission.admitted ? 'admitted' : admission.reason);
const keptKeys = (): string[] => [...bench.objects.objects.keys()].filter((path) => path.startsWith('kept/'));

describe('an artifact that can be hosted', () => {
  test('is tried, copied and answered with its evaluation; later changes at the source change nothing', async () => {
    bench = await openBench();
    put('a/', colourGraph(), colourManifest);
    const admission = await bench.engine.admit(s3('a'));
    expect(admission).toEqual({
      admitted: true,
      artifact: { bucket: 'kept', prefix: 'models/parts/3-op7/', format: 'onnx' },
      evaluation: { f1Score: 0.9, precision: 0.8, recall: 1, evaluatedAt: 1769860800000 },
    });
    expect(keptKeys()).toEqual(['kept/models/parts/3-op7/model.onnx', 'kept/models/parts/3-op7/model.json']);
    expect(bench.pids.size).toBe(0);

    put('a/', Buffer.from('gone'), 'gone');
    expect(await bench.engine.admit(s3('a'))).toEqual(admission);

    bench.objects.objects.set('kept/models/parts/30-op1/model.onnx', new Uint8Array());
    await bench.engine.discard({
      ...s3('a'),
      operation: { ...s3().operation, id: 'a-later-one', kind: 'delete' },
    });
    await bench.engine.discard(s3('a'));
    expect(keptKeys()).toEqual(['kept/models/parts/30-op1/model.onnx']);
  });

  test.each([
    [undefined, ''],
    ['', ''],
    ['x', 'x'],
    ['x', 'x/'],
    ['x/', 'x/'],
  ])('is found with the prefix %p at %p', async (prefix, at) => {
    bench = await openBench();
    // What is not what it should be tells that it was found, and needs no trial.
    put(at, colourGraph(), { ...manifest, threshold: 3 });
    expect(reasonOf(await bench.engine.admit(s3(prefix)))).toBe(
      'The artifact cannot be hosted: model.json: threshold must be a number above 0 and below 1.',
    );
  });
});

describe('refused, with the reason', () => {
  test('what is no artifact in S3', async () => {
    bench = await openBench();
    for (const source of [
      { ModelPackageArn: 'arn:aws:sagemaker:eu-west-1:123456789012:model-package/x' },
      { Image: 'x', ModelDataUrl: 's3://x/y' },
    ]) {
      expect(reasonOf(await bench.engine.admit(modelOf(source)))).toMatch(
        /^This deployment hosts only artifacts in S3 locations/,
      );
    }
  });

  test('files that are not there', async () => {
    bench = await openBench();
    expect(reasonOf(await bench.engine.admit(s3('a/')))).toBe(
      'The artifact is incomplete: there is no s3://lines/a/model.onnx and no ' +
        's3://lines/a/model.json. Put both files in one place and import the model again.',
    );
    put('a', colourGraph(), undefined);
    expect(reasonOf(await bench.engine.admit(s3('a')))).toContain(
      'there is no s3://lines/amodel.json and no s3://lines/a/model.onnx and no',
    );
  });

  test('everything at once that the two files tell without being run', async () => {
    bench = await openBench();
    const graph = new Graph('custom');
    graph.nodes('Backdoor', [], ['x'], {}, 'com.example');
    put('', graph.encode(), { ...manifest, threshold: 0, evaluation: undefined });
    expect(reasonOf(await bench.engine.admit(s3()))).toBe(
      'The artifact cannot be hosted: model.json: evaluation must be an object; ' +
        'model.json: threshold must be a number above 0 and below 1; ' +
        'model.onnx uses the custom operator "com.example.Backdoor"; only standard ONNX operators are hosted.',
    );
    expect(keptKeys()).toEqual([]);
  });

  test('a graph that does not load', async () => {
    bench = await openBench();
    const graph = new Graph('nonsense');
    graph.node('NoSuchOperator', [start(graph)], {}, 'score');
    graph.output('score', 'float32', [1]);
    put('', graph.encode(), manifest);
    expect(reasonOf(await bench.engine.admit(s3()))).toMatch(
      /^The artifact cannot be hosted: model\.onnx does not load: .*NoSuchOperator/,
    );
    expect(bench.pids.size).toBe(0);
  });

  test('inputs and outputs that are not as declared', async () => {
    bench = await openBench();
    const input = { name: 'picture', width: 64, height: 64, layout: 'NHWC', type: 'uint8' };
    put('1/', colourGraph(), { ...colourManifest, input, outputs: { score: 'points', map: 'heat' } });
    expect(reasonOf(await bench.engine.admit(s3('1/')))).toBe(
      'The artifact cannot be hosted: ' +
        'input.name is "picture", but the graph\'s inputs are "image"; ' +
        'outputs.score is "points", but the graph\'s outputs are "score", "map"; outputs.map is "heat", but the graph\'s outputs are "score", "map".',
    );

    put('2/', colourGraph(), { ...manifest, input: { ...manifest.input, type: 'float32' } });
    expect(reasonOf(await bench.engine.admit(s3('2/')))).toContain(
      'input.type is "float32", but the graph takes uint8',
    );

    put('3/', colourGraph(), { ...manifest, input: { ...manifest.input, width: 32, layout: 'NCHW' } });
    expect(reasonOf(await bench.engine.admit(s3('3/')))).toContain(
      'input.layout, width and height give [1, 3, 64, 32], but the graph takes [1, 64, 64, 3]',
    );

    put('4/', colourGraph(), { ...colourManifest, classes: [{ name: 'one', color: '#000000' }] });
    expect(reasonOf(await bench.engine.admit(s3('4/')))).toContain(
      'outputs.map must have the shape [1, 1, height, width], one channel per class, and it has [1, 2, 64, 64]',
    );
  });

  test('a score that is not one value from 0 to 1', async () => {
    bench = await openBench();
    const graph = new Graph('wide');
    const mean = graph.node('ReduceMean', [start(graph)], { keepdims: 0 });
    graph.node('Mul', [mean, graph.constant('factors', float32([2], [3, -1]))], {}, 'score');
    graph.output('score', 'float32', [2]);
    put('', graph.encode(), manifest);
    expect(reasonOf(await bench.engine.admit(s3()))).toBe(
      'The artifact cannot be hosted: outputs.score must lie between 0 and 1, and it does not; ' +
        'outputs.score must be one value, and its shape is [2].',
    );
  });

  test('a graph that never ends on a blank picture', async () => {
    bench = await openBench({ load: 1000 });
    put('', hangingGraph(true), manifest);
    expect(reasonOf(await bench.engine.admit(s3()))).toBe(
      'The artifact cannot be hosted: ' +
        'model.onnx could not be tried: it did not load and judge a blank picture within 1000 ms.',
    );
    expect(bench.pids.size).toBe(0);
  });

  test('files that are larger than an artifact may have, without reading them whole', async () => {
    bench = await openBench();
    put('', colourGraph(), manifest);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(new Uint8Array(16 * 1024 * 1024));
    };
    const stream = bench.objects.stream.bind(bench.objects);
    for (const [file, most] of [
      ['model.json', 1024 * 1024],
      ['model.onnx', 256 * 1024 * 1024],
    ] as const) {
      bench.objects.stream = (location) =>
        location.key === file ? Promise.resolve({ tag: '', bytes: endless() }) : stream(location);
      expect(reasonOf(await bench.engine.admit(s3()))).toBe(
        `The artifact cannot be hosted: ${file} has more than ${most} bytes, which is the most.`,
      );
    }
    expect(await bench.leftovers()).toEqual([]);
  });

  test('a graph that fills the memory', async () => {
    bench = await openBench({ memory: 400 * 1024 * 1024 });
    const graph = new Graph('greedy');
    start(graph);
    const filled = graph.node('ConstantOfShape', [graph.constant('size', int64([1_000_000_000]))], {
      value: float32([1], [0.25]),
    });
    graph.node(
      'Reshape',
      [
        graph.node('ReduceMean', [graph.node('Sin', [filled])], { keepdims: 0 }),
        graph.constant('one', int64([1])),
      ],
      {},
      'score',
    );
    graph.output('score', 'float32', [1]);
    put('', graph.encode(), manifest);
    expect(reasonOf(await bench.engine.admit(s3()))).toContain('it used more than 400 MB of memory');
  });
});

describe('what is not the fault of the artifact', () => {
  test('a trial that somebody ended is worth another try, and so is one that could not be started', async () => {
    bench = await openBench();
    put('', hangingGraph(true), manifest);
    const trying = bench.engine.admit(s3());
    await until(() => bench.pids.size === 1);
    process.kill([...bench.pids][0] ?? 0, 'SIGKILL');
    await expect(trying).rejects.toThrow('its process ended (signal SIGKILL)');

    await bench.end();
    bench = await openBench({}, { node: '/nowhere/node' });
    put('', colourGraph(), colourManifest);
    await expect(bench.engine.admit(s3())).rejects.toThrow('its process could not be started (ENOENT)');
    expect(keptKeys()).toEqual([]);
  });

  test('eight imports at once are tried one after the other, and what it takes is one trial', async () => {
    bench = await openBench();
    put('', colourGraph(), colourManifest);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, bench.pids.size);
    }, 5);
    const models = Array.from({ length: 8 }, (_, index) => ({ ...s3(), version: String(index) }));
    const admissions = await Promise.all(models.map((model) => bench.engine.admit(model)));
    clearInterval(watch);
    expect(most).toBe(1);
    // Who has waited for long is told to ask again.
    for (const admission of admissions) expect([true, 'pending']).toContain(admission.admitted);
    expect(admissions.filter(({ admitted }) => admitted === true).length).toBeGreaterThan(1);
  });
});
