/**
 * The pretrained features: the first thirteen blocks (numbers 0 to 12) of the MobileNetV2 inside MoveNet,
 * which the npm package `@vladmandic/human` ships as a TensorFlow.js graph. The package is an optional
 * dependency and is read where it is installed. A pose network in name; the layers used are general detectors
 * of edges, textures and parts.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { float32, type Graph } from '../onnx/graph.ts';
import type { FeatureMap } from './features.ts';

/** The package is there, but what is in it is not the network that is expected. */
class BackboneUnreadable extends Error {
  override readonly name = 'BackboneUnreadable';
}

interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<
    Record<
      string,
      {
        readonly s?: string;
        readonly list?: { readonly i?: readonly string[]; readonly s?: readonly string[] };
      }
    >
  >;
}
interface TfWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string };
}
interface TfModel {
  readonly modelTopology: { readonly node: readonly TfNode[] };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly TfWeight[];
  }[];
}
interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const packageName = '@vladmandic/human';
const networkFile = 'movenet-lightning.json';

/**
 * Where features are taken: the block's name, and how many pixels one of its cells covers. Fine to coarse, 24
 * + 32 + 64 + 96 channels.
 */
const taps = [
  { block: 'block_2_add/add', stride: 4, channels: 24 },
  { block: 'block_5_add/add', stride: 8, channels: 32 },
  { block: 'block_9_add/add', stride: 16, channels: 64 },
  { block: 'block_12_add/add', stride: 16, channels: 96 },
] as const;

/** @returns the folder with the package's models, or undefined where the package is not installed */
export function findBackbone(): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  return folders
    .map((folder) => join(folder, packageName, 'models'))
    .find((folder) => existsSync(join(folder, networkFile)));
}

/**
 * Reads the network.
 * @throws BackboneUnreadable if the file is not the network that is expected
 */
export async function readBackbone(folder: string): Promise<FeatureMap> {
  const model = JSON.parse(await readFile(join(folder, networkFile), 'utf8')) as TfModel;
  const weights = await readWeights(folder, model);
  const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
  const tapNames = taps.map(({ block }) => {
    const name = [...nodes.keys()].find((candidate) => candidate.endsWith(`/${block}`));
    if (name === undefined) throw new BackboneUnreadable(`${packageName}: the network has no ${block}`);
    return name;
  });
  return {
    kind: 'backbone',
    channels: taps.reduce((sum, { channels }) => sum + channels, 0),
    append(graph, image) {
      const translation = new Translation(graph, nodes, weights, image);
      return graph.node(
        'Concat',
        taps.map(({ stride }, index) => onPatchGrid(graph, translation.node(tapNames[index] ?? ''), stride)),
        { axis: 1 },
      );
    },
  };
}

function onPatchGrid(graph: Graph, node: string, stride: 4 | 8 | 16): string {
  if (stride === 4) return graph.node('AveragePool', [node], { kernel_shape: [2, 2], strides: [2, 2] });
  if (stride === 8) return node;
  const scales = graph.constant(`${node}.scales`, float32([4], [1, 1, 2, 2]));
  return graph.node('Resize', [node, '', scales], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

/** Weights are stored one after the other, most of them as 16-bit floats. */
async function readWeights(folder: string, model: TfModel): Promise<Map<string, Weight>> {
  const read = new Map<string, Weight>();
  for (const { paths, weights } of model.weightsManifest) {
    const bytes = Buffer.concat(await Promise.all(paths.map((path) => readFile(join(folder, path)))));
    let at = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      const size = shape.reduce((product, axis) => product * axis, 1);
      const stored = quantization?.dtype ?? dtype;
      const width = stored === 'float16' ? 2 : 4;
      const slice = Uint8Array.from(bytes.subarray(at, at + size * width)).buffer;
      if (slice.byteLength !== size * width)
        throw new BackboneUnreadable(`${packageName}: the weights end before ${name}`);
      at += size * width;
      if (stored === 'float16')
        read.set(name, { shape, data: Float32Array.from(new Uint16Array(slice), float16) });
      else if (stored === 'float32') read.set(name, { shape, data: new Float32Array(slice) });
    }
  }
  return read;
}

/** The value of a 16-bit float: sign, 5 bits of exponent, 10 of fraction. */
function float16(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/** Writes the nodes that a TensorFlow node depends on, and itself, as ONNX nodes. */
class Translation {
  readonly #graph: Graph;
  readonly #nodes: ReadonlyMap<string, TfNode>;
  readonly #weights: ReadonlyMap<string, Weight>;
  readonly #image: string;
  readonly #written = new Map<string, string>();

  constructor(
    graph: Graph,
    nodes: ReadonlyMap<string, TfNode>,
    weights: ReadonlyMap<string, Weight>,
    image: string,
  ) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#weights = weights;
    this.#image = image;
  }

  node(name: string): string {
    const written = this.#written.get(name) ?? this.#write(name);
    this.#written.set(name, written);
    return written;
  }

  #write(name: string): string {
    const node = this.#nodes.get(name);
    const [first = '', second = '', third = ''] = node?.input ?? [];
    if (node === undefined) throw new BackboneUnreadable(`${packageName}: the network has no node ${name}`);
    switch (node.op) {
      // The network takes one picture of whole numbers and re-stacks it; what comes after is arithmetic.
      case 'ExpandDims':
      case 'Squeeze':
      case 'Unpack':
      case 'Cast':
      case 'Placeholder':
        return this.#image;
      case 'Sub':
      case 'Mul':
      case 'AddV2':
        return this.#graph.node({ Sub: 'Sub', Mul: 'Mul', AddV2: 'Add' }[node.op], [
          this.#operand(first),
          this.#operand(second),
        ]);
      case '_FusedConv2D':
      case 'FusedDepthwiseConv2dNative':
        return this.#convolution(node, first, second, third);
      default:
        throw new BackboneUnreadable(
          `${packageName}: the network has a node ${name} of the unknown kind ${node.op}`,
        );
    }
  }

  #operand(name: string): string {
    if (this.#nodes.get(name)?.op !== 'Const') return this.node(name);
    // The constants of this arithmetic are one value per picture or per channel.
    const { data } = this.#weight(name);
    return this.#constant(name, data.length === 3 ? [1, 3, 1, 1] : [1], data);
  }

  #convolution(node: TfNode, input: string, kernel: string, bias: string): string {
    const { shape, data } = this.#weight(kernel);
    const [rows = 0, columns = 0, ins = 0, outs = 0] = shape;
    const depthwise = node.op !== '_FusedConv2D';
    // TensorFlow's [rows, columns, in, out] is ONNX's [out, in, rows, columns]; in depthwise kernels `in`
    // takes the place of `out`.
    const turned = new Float32Array(data.length);
    const cells = rows * columns;
    for (let at = 0; at < data.length; at++) {
      const out = at % outs;
      const inner = Math.floor(at / outs) % ins;
      const cell = Math.floor(at / outs / ins);
      turned[depthwise ? inner * cells + cell : (out * ins + inner) * cells + cell] = data[at] ?? 0;
    }
    if (depthwise && outs !== 1)
      throw new BackboneUnreadable(`${packageName}: ${node.name} has ${outs} outputs per channel`);
    const stride = Number(node.attr?.['strides']?.list?.i?.[1] ?? 1);
    const written = this.#graph.node(
      'Conv',
      [
        this.node(input),
        this.#constant(kernel, depthwise ? [ins, 1, rows, columns] : [outs, ins, rows, columns], turned),
        this.#constant(bias, this.#weight(bias).shape, this.#weight(bias).data),
      ],
      {
        kernel_shape: [rows, columns],
        strides: [stride, stride],
        auto_pad: 'SAME_UPPER',
        group: depthwise ? ins : 1,
      },
    );
    const isClipped = (node.attr?.['fused_ops']?.list?.s ?? []).some(
      (encoded) => Buffer.from(encoded, 'base64').toString() === 'Relu6',
    );
    return isClipped
      ? this.#graph.node('Clip', [written, this.#scalar('backbone.zero', 0), this.#scalar('backbone.six', 6)])
      : written;
  }

  #weight(name: string): Weight {
    const weight = this.#weights.get(name);
    if (weight === undefined)
      throw new BackboneUnreadable(`${packageName}: the network has no weights ${name}`);
    return weight;
  }

  #constant(name: string, shape: readonly number[], data: Float32Array): string {
    const written = this.#written.get(name) ?? this.#graph.constant(name, { type: 'float32', shape, data });
    this.#written.set(name, written);
    return written;
  }

  #scalar(name: string, value: number): string {
    return this.#constant(name, [], Float32Array.of(value));
  }
}
