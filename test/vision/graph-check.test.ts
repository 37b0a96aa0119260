import { describe, expect, test } from '@jest/globals';
import { graphLimits, graphProblems } from '../../lambdas/vision/onnx/graph-check.ts';
import { float32, Graph } from '../../lambdas/vision/onnx/graph.ts';
import { colourGraph, hangingGraph } from '../helpers/artifacts.ts';

/** One length-delimited protobuf field of fewer than 128 bytes. */
const field = (number: number, ...content: (number | readonly number[])[]): number[] => {
  const bytes = content.flat();
  const tag = (number << 3) | 2;
  return [...(tag < 128 ? [tag] : [(tag & 127) | 128, tag >> 7]), bytes.length, ...bytes];
};
const text = (value: string): number[] => [...Buffer.from(value)];
/** A tensor whose values are in another file: its name, and the location. */
const external = [
  ...field(8, text('secret')),
  ...field(13, field(1, text('location')), field(2, text('/etc/passwd'))),
];
const model = (...graph: number[]): Uint8Array => Uint8Array.from(field(7, graph));

describe('the look into an ONNX file', () => {
  test('finds nothing wrong with graphs of standard operators, subgraphs included', () => {
    expect(graphProblems(colourGraph())).toEqual([]);
    expect(graphProblems(hangingGraph())).toEqual([]);
  });

  test('names every custom operator, in subgraphs too', () => {
    const body = new Graph('body');
    body.nodes('Backdoor', [], ['x'], {}, 'com.example');
    const graph = new Graph('outer');
    graph.node('If', ['yes'], { then_branch: body, else_branch: new Graph('other') });
    graph.nodes('Gelu', ['x'], ['y'], {}, 'com.microsoft');
    expect(graphProblems(graph.encode())).toEqual([
      'uses the custom operator "com.example.Backdoor"; only standard ONNX operators are hosted',
      'uses the custom operator "com.microsoft.Gelu"; only standard ONNX operators are hosted',
    ]);
  });

  test.each([
    ['an initializer', model(...field(5, external))],
    ['an attribute', model(...field(1, field(5, field(5, external))))],
    ['a list of tensors', model(...field(1, field(5, field(10, external))))],
    ['a subgraph', model(...field(1, field(5, field(6, field(5, external)))))],
    ['a list of subgraphs', model(...field(1, field(5, field(11, field(5, external)))))],
    ['sparse values', model(...field(15, field(1, external)))],
    ['a sparse attribute', model(...field(1, field(5, field(22, field(2, external)))))],
  ])('finds weights in another file in %s', (_, bytes) => {
    expect(graphProblems(bytes)).toEqual([
      'keeps the tensor "secret" in another file; export it with all weights inside',
    ]);
  });

  test('finds a data location that says external, though no file is named', () => {
    expect(graphProblems(model(...field(5, field(8, text('w')), [14 << 3, 1])))).toEqual([
      'keeps the tensor "w" in another file; export it with all weights inside',
    ]);
  });

  test('refuses functions, which could hide operators', () => {
    expect(graphProblems(Uint8Array.from([...model(), ...field(25, field(1, text('f')))]))).toEqual([
      'defines functions of its own; inline them when exporting',
    ]);
  });

  test('keeps to its limits', () => {
    expect(graphProblems(colourGraph(), { ...graphLimits, bytes: 100 })[0]).toMatch(
      /^has \d+ bytes; at most 100 are accepted$/,
    );
    expect(graphProblems(colourGraph(), { ...graphLimits, nodes: 3 })).toEqual(['has more than 3 nodes']);
    expect(graphProblems(hangingGraph(), { ...graphLimits, depth: 0 })).toEqual([
      'nests graphs more than 0 deep',
    ]);
  });

  test('refuses what is no ONNX file, or half of one', () => {
    const graph = new Graph('big');
    graph.constant('weights', float32([100], new Float32Array(100)));
    const whole = graph.encode();
    for (const bytes of [
      new Uint8Array(),
      Buffer.from('not a model at all'),
      whole.subarray(0, whole.length - 50),
      Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff),
    ]) {
      expect(graphProblems(bytes)[0]).toMatch(/^is not an ONNX model/);
    }
  });
});

describe('what another reader of the format would read otherwise', () => {
  /** A tag of five bytes: the number is that of a 32-bit reader, and bit 32 is set besides. */
  const hidden = (number: number, ...content: number[]): number[] => {
    const tag = (number << 3) | 2;
    return [(tag & 127) | 128, (tag >> 7) | 128, 128, 128, 16, content.length, ...content];
  };
  const damaged = ['is not an ONNX model: it is damaged or incomplete'];

  test('tags above 32 bits hide neither operators nor files', () => {
    expect(graphProblems(model(...field(1, field(4, text('X')), hidden(7, ...text('com.example')))))).toEqual(
      damaged,
    );
    expect(graphProblems(model(...field(5, hidden(13, ...field(1, text('location'))))))).toEqual(damaged);
    expect(graphProblems(model(...field(5, [0xf0, 0x80, 0x80, 0x80, 0x10, 1])))).toEqual(damaged);
  });

  test('a tag that is padded to five bytes is the tag that it is', () => {
    const padded = [(7 << 3) | 2 | 128, 128, 128, 128, 0, 11, ...text('com.example')];
    expect(graphProblems(model(...field(1, field(4, text('X')), padded)))).toEqual([
      'uses the custom operator "com.example.X"; only standard ONNX operators are hosted',
    ]);
  });

  test('a data location of 64 bits whose lower half says external is external', () => {
    const location = [14 << 3, 0x81, 0x80, 0x80, 0x80, 0x80, 0x01];
    expect(graphProblems(model(...field(5, field(8, text('w')), location)))).toEqual([
      'keeps the tensor "w" in another file; export it with all weights inside',
    ]);
  });
});

test('a hundred million fields end the look at the most that there may be, at once', () => {
  const bytes = new Uint8Array(200_000_000);
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = 8; // field 1, the number 0
  const began = performance.now();
  expect(graphProblems(bytes)).toEqual([
    `has more than ${graphLimits.fields} fields; export it without unused parts`,
  ]);
  expect(performance.now() - began).toBeLessThan(5000);
});
