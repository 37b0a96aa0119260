import { createHash } from 'node:crypto';
import sharp, { type Sharp } from 'sharp';
import type { ObjectLocation, ObjectStore, ObjectStream } from '../../lambdas/domain/ports.ts';
import { float32, Graph, int64 } from '../../lambdas/vision/onnx/graph.ts';

/** Artifacts whose verdicts can be worked out by hand, for pictures of 64 x 64 pixels. */

export const manifest = {
  format: 'crowsnest-model/1',
  picture: { width: 64, height: 64 },
  input: { name: 'image', width: 64, height: 64, layout: 'NHWC', type: 'uint8' },
  outputs: { score: 'score' },
  threshold: 0.5,
  evaluation: { f1Score: 0.9, precision: 0.8, recall: 1, evaluatedAt: '2026-01-31T12:00:00Z' },
};

/** The map has a channel for red and one for blue; anomalous is what is mostly bright. */
export const colourManifest = {
  ...manifest,
  outputs: { score: 'score', map: 'map' },
  mapThreshold: 0.6,
  classes: [
    { name: 'red', color: '#Ff0000' },
    { name: 'blue', color: '#0000ff' },
  ],
};

export function start(graph: Graph): string {
  const image = graph.input('image', 'uint8', [1, 64, 64, 3]);
  return graph.node('Div', [
    graph.node('Cast', [image], { to: 1 }),
    graph.constant('white', float32([1], [255])),
  ]);
}

/** Score: the mean of all bytes over 255. Map: how much redder, and how much bluer, than green a pixel is. */
export function colourGraph(): Uint8Array {
  const graph = new Graph('colours');
  const pixels = start(graph);
  graph.node(
    'Reshape',
    [graph.node('ReduceMean', [pixels], { keepdims: 0 }), graph.constant('one', int64([1]))],
    {},
    'score',
  );
  graph.output('score', 'float32', [1]);
  const [red, green, blue] = graph.nodes(
    'Split',
    [graph.node('Transpose', [pixels], { perm: [0, 3, 1, 2] })],
    ['r', 'g', 'b'],
    { axis: 1 },
  );
  const less = (colour: string): string => graph.node('Relu', [graph.node('Sub', [colour, green])]);
  graph.node('Concat', [less(red), less(blue)], { axis: 1 }, 'map');
  graph.output('map', 'float32', [1, 2, 64, 64]);
  return graph.encode();
}

/** As the other one, but a white picture keeps it busy for hours. */
export function hangingGraph(alwaysHangs = false): Uint8Array {
  const graph = new Graph('hanging');
  const mean = graph.node('ReduceMean', [start(graph)], { keepdims: 0 });
  const above = graph.node('Relu', [
    graph.node('Sub', [mean, graph.constant('bound', float32([1], [alwaysHangs ? 0.1 : 0.9]))]),
  ]);
  const turns = graph.node(
    'Cast',
    [graph.node('Mul', [above, graph.constant('many', float32([1], [1e13]))])],
    { to: 7 },
  );
  const body = new Graph('body');
  body.input('turn', 'int64', []);
  body.input('going', 'bool', []);
  body.input('before', 'float32', [1]);
  body.node('Identity', ['going'], {}, 'on');
  body.node('Sin', ['before'], {}, 'after');
  body.output('on', 'bool', []);
  body.output('after', 'float32', [1]);
  const yes = graph.constant('yes', { type: 'bool', shape: [], data: Uint8Array.of(1) });
  const scalar = graph.node('Squeeze', [turns]);
  const first = graph.node('Reshape', [mean, graph.constant('one', int64([1]))]);
  graph.node('Loop', [scalar, yes, first], { body }, 'score');
  graph.output('score', 'float32', [1]);
  return graph.encode();
}

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

type Colour = string | { r: number; g: number; b: number; alpha?: number };
/** A picture of one colour, with a rectangle of another laid on. */
export function picture(
  background: Colour,
  patch?: { colour: Colour; left: number; top: number; width: number; height: number },
  side = 64,
): Sharp {
  const plain = sharp({ create: { width: side, height: side, channels: 3, background } });
  if (patch === undefined) return plain;
  const { colour, left, top, width, height } = patch;
  return plain.composite([
    { input: { create: { width, height, channels: 3, background: colour } }, left, top },
  ]);
}

export class MemoryObjects implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();

  /** @param files by `bucket/key` */
  constructor(files: Readonly<Record<string, Uint8Array>> = {}) {
    for (const [path, bytes] of Object.entries(files)) this.objects.set(path, bytes);
  }

  read({ bucket, key }: ObjectLocation): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.objects.get(`${bucket}/${key}`));
  }

  /**
   * In small pieces, so that lines are cut anywhere. As S3, it has nothing to give from the end on, and says
   * so.
   */
  stream({ bucket, key }: ObjectLocation, from = 0): Promise<ObjectStream | undefined> {
    const whole = this.objects.get(`${bucket}/${key}`);
    if (whole !== undefined && from > 0 && from >= whole.length)
      return Promise.reject(new Error('InvalidRange'));
    return Promise.resolve(
      whole && { tag: createHash('sha256').update(whole).digest('hex'), bytes: pieces(whole, from) },
    );
  }

  write({ bucket, key }: ObjectLocation, bytes: Uint8Array): Promise<void> {
    this.objects.set(`${bucket}/${key}`, bytes);
    return Promise.resolve();
  }

  copy(from: ObjectLocation, to: ObjectLocation): Promise<boolean> {
    const bytes = this.objects.get(`${from.bucket}/${from.key}`);
    if (bytes !== undefined) this.objects.set(`${to.bucket}/${to.key}`, bytes);
    return Promise.resolve(bytes !== undefined);
  }

  async *list(bucket: string, prefix: string): AsyncGenerator<string> {
    for (const path of [...this.objects.keys()].sort())
      if (path.startsWith(`${bucket}/${prefix}`)) yield await Promise.resolve(path.slice(bucket.length + 1));
  }

  removeAll(bucket: string, prefix: string): Promise<void> {
    for (const path of this.objects.keys())
      if (path.startsWith(`${bucket}/${prefix}`)) this.objects.delete(path);
    return Promise.resolve();
  }
}

async function* pieces(whole: Uint8Array, from: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < whole.length; at += 1000)
    yield await Promise.resolve(whole.subarray(at, at + 1000));
}
