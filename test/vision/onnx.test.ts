/** @jest-environment ./test/helpers/native-arrays.cjs */
import { describe, expect, test } from '@jest/globals';
import * as ort from 'onnxruntime-node';
import { float, float32, Graph, int64 } from '../../lambdas/vision/onnx/graph.ts';

const run = async (model: Uint8Array, feeds: Record<string, ort.Tensor>) => {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  return session.run(feeds);
};
const numbers = (tensor: ort.Tensor | undefined) =>
  Array.from(tensor?.data as ArrayLike<number | bigint>, Number);

describe('an ONNX graph written by hand', () => {
  test('runs in onnxruntime with int, float, string, list and tensor attributes and every tensor type', async () => {
    const graph = new Graph('all');
    const image = graph.input('image', 'uint8', [1, 'height', 'width', 3]);
    const floats = graph.node('Transpose', [graph.node('Cast', [image], { to: 1 })], { perm: [0, 3, 1, 2] });
    const weight = graph.constant('weight', float32([1, 3, 1, 1], [1, 10, 100]));
    const mixed = graph.node('Conv', [floats, weight], { kernel_shape: [1, 1] });
    const padded = graph.node('Pad', [mixed, graph.constant('pads', int64([0, 0, 0, 0, 0, 0, 0, 1]))], {
      mode: 'edge',
    });
    const leaky = graph.node('LeakyRelu', [graph.node('Neg', [padded])], { alpha: float(0.5) });
    const half = graph.node(
      'Cast',
      [graph.constant('half', { type: 'float16', shape: [1], data: Uint16Array.of(0x4100) })],
      { to: 1 },
    );
    const filled = graph.node('ConstantOfShape', [graph.constant('one', int64([1]))], {
      value: float32([1], [0.25]),
    });
    graph.node('Add', [graph.node('Add', [leaky, half]), filled], {}, 'sum');
    graph.output('sum', 'float32', [1, 1, 'height', 'wider']);
    graph.nodes('TopK', ['sum', graph.constant('k', int64([2]))], ['top', 'where'], { axis: 3, largest: 0 });
    graph.output('top', 'float32', [1, 1, 'height', 2]);
    graph.output('where', 'int64', [1, 1, 'height', 2]);

    const model = graph.encode({ threshold: '0.5' });
    const result = await run(model, {
      image: new ort.Tensor('uint8', Uint8Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3]),
    });

    // Pixels 321 and 654, the last one repeated; halved and negated; plus 2.5 (0x4100 in float16) and 0.25.
    expect(numbers(result['sum'])).toEqual([-157.75, -324.25, -324.25]);
    expect(result['sum']?.dims).toEqual([1, 1, 1, 3]);
    expect(numbers(result['top'])).toEqual([-324.25, -324.25]);
    expect(numbers(result['where'])).toEqual([1, 2]);
    expect(Buffer.from(model).includes('threshold')).toBe(true);
  });

  test('holds a subgraph, so that a Loop counts', async () => {
    const body = new Graph('body');
    body.input('i', 'int64', []);
    body.input('going', 'bool', []);
    body.input('before', 'float32', [1]);
    body.node('Identity', ['going'], {}, 'on');
    body.node('Add', ['before', body.constant('step', float32([1], [1.5]))], {}, 'after');
    body.output('on', 'bool', []);
    body.output('after', 'float32', [1]);
    const graph = new Graph('loop');
    graph.input('start', 'float32', [1]);
    const times = graph.constant('times', int64([4], []));
    const yes = graph.constant('yes', { type: 'bool', shape: [], data: Uint8Array.of(1) });
    graph.node('Loop', [times, yes, 'start'], { body }, 'end');
    graph.output('end', 'float32', [1]);

    const result = await run(graph.encode(), { start: new ort.Tensor('float32', Float32Array.of(-1), [1]) });
    expect(numbers(result['end'])).toEqual([5]);
  });

  test('refuses what ONNX would misread', () => {
    const graph = new Graph('wrong');
    expect(() => graph.constant('short', float32([2, 2], [1, 2, 3]))).toThrow(
      'shape [2, 2] holds 4 values, and 3 were given',
    );
    expect(() => graph.node('Elu', ['x'], { alpha: 0.5 })).toThrow(
      'alpha: 0.5 is not an int; a float is given as float(0.5)',
    );
    graph.constant('twice', int64([1]));
    expect(() => graph.constant('twice', int64([2]))).toThrow('the name twice is taken');
  });
});
