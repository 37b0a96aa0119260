/**
 * One training step of the patch head as a graph of ordinary operators: forward pass, backward pass and the
 * update of all weights by AdamW. onnxruntime needs no training build for that, and is some twenty times as
 * fast as loops in JavaScript.
 *
 * The head is a small network on each patch and what lies around it: channels -> hidden -> hidden, with its
 * context -> classes. Its outputs are the classes' logits against the background, whose own logit is 0:
 * a softmax over classes + 1 outputs, of which one can be fixed.
 */
import type { Grid } from '../pictures/masks.ts';
import { float32, Graph, int64 } from '../onnx/graph.ts';
import { appendContext, appendContextBack, reach } from '../features/context.ts';

export interface PatchShape {
  readonly channels: number;
  readonly hidden: number;
  readonly classes: number;
}

/**
 * The weights in order, each as name and shape: y = x * W + b, three times; the second time x is joined by
 * its context.
 */
export const patchWeights = ({
  channels,
  hidden,
  classes,
}: PatchShape): readonly { readonly name: string; readonly shape: readonly number[] }[] => [
  { name: 'w1', shape: [channels, hidden] },
  { name: 'b1', shape: [hidden] },
  { name: 'w2', shape: [reach * hidden, hidden] },
  { name: 'b2', shape: [hidden] },
  { name: 'w3', shape: [hidden, classes] },
  { name: 'b3', shape: [classes] },
];

export interface StepShape extends PatchShape {
  /** Pictures per step, and how the patches of each lie. */
  readonly pictures: number;
  readonly grid: Grid;
  /** A picture's logit is the mean of this many of its greatest patch logits. */
  readonly top: number;
  readonly decay: number;
}

/** Features travel as bytes: (value - zero) / levels is in deviations of the channel. */
export const quantisation = { zero: 128, levels: 16 } as const;

export function appendDequantised(graph: Graph, bytes: string): string {
  const zero = graph.constant('quantisation.zero', float32([], [quantisation.zero]));
  const step = graph.constant('quantisation.step', float32([], [1 / quantisation.levels]));
  return graph.node('Mul', [graph.node('Sub', [graph.node('Cast', [bytes], { to: 1 }), zero]), step]);
}

export const momenta = { first: 0.9, second: 0.999 } as const;

/**
 * Inputs: `features` uint8 [pictures * patches, channels]; `target` [pictures * patches, classes + 1], what
 * each patch is, background first; `weight` [pictures * patches, 1], how much each patch counts; `label`
 * [pictures, 1], 1 for an anomaly; `labelWeight` [pictures, 1]; `rate`, and `first` and `second`, which
 * correct the momenta for their start at zero; every weight with `.m` and `.v`, its momenta. Outputs: every
 * weight and momentum with `.next`, and `loss` [].
 */
export function writeStep(shape: StepShape): Uint8Array {
  const graph = new Graph('step');
  const { pictures, grid, top, channels, classes } = shape;
  const patches = grid.rows * grid.columns;
  const rows = pictures * patches;
  const around = { pictures, grid, width: shape.hidden };
  const node = (operator: string, inputs: readonly string[], attributes = {}): string =>
    graph.node(operator, inputs, attributes);
  const scalar = (name: string, value: number): string => graph.constant(name, float32([], [value]));
  const axes = (...list: number[]): string => graph.constant(`axes.${(axesMade++).toString()}`, int64(list));
  let axesMade = 0;

  // Bytes go into the first layer as they are, and its weights make up for their scale: going over all
  // features once more would cost as much as the layer.
  const { zero, levels } = quantisation;
  const bytes = node('Cast', [graph.input('features', 'uint8', [rows, channels])], { to: 1 });
  const perByte = scalar('perByte', 1 / levels);
  const zeroByte = scalar('zeroByte', zero);
  const target = graph.input('target', 'float32', [rows, classes + 1]);
  const weight = graph.input('weight', 'float32', [rows, 1]);
  const label = graph.input('label', 'float32', [pictures, 1]);
  const labelWeight = graph.input('labelWeight', 'float32', [pictures, 1]);
  const rate = graph.input('rate', 'float32', []);
  const first = graph.input('first', 'float32', []);
  const second = graph.input('second', 'float32', []);
  for (const { name, shape: axesOf } of patchWeights(shape)) {
    for (const suffix of ['', '.m', '.v']) graph.input(name + suffix, 'float32', axesOf);
  }

  const summed = (name: string): string => node('ReduceSum', [name, axes(0)], { keepdims: 0 });
  const ofBytes = node('Mul', ['w1', perByte]);
  const biasOfBytes = node('Sub', ['b1', node('Mul', [summed(ofBytes), zeroByte])]);
  const hidden1 = node('Relu', [node('Add', [node('MatMul', [bytes, ofBytes]), biasOfBytes])]);
  const joined = appendContext(graph, hidden1, around);
  const hidden2 = node('Relu', [node('Add', [node('MatMul', [joined, 'w2']), 'b2'])]);
  const logits = node('Add', [node('MatMul', [hidden2, 'w3']), 'b3']);

  // Patches: cross entropy of the softmax over background and classes.
  const background = graph.constant('background', {
    type: 'float32',
    shape: [rows, 1],
    data: new Float32Array(rows),
  });
  const all = node('Concat', [background, logits], { axis: 1 });
  const patchGradients = node('Mul', [node('Sub', [node('Softmax', [all], { axis: 1 }), target]), weight]);
  const [, fromPatches] = graph.nodes(
    'Split',
    [patchGradients, graph.constant('parts', int64([1, classes]))],
    ['unused', 'fromPatches'],
    { axis: 1 },
  );
  const entropy = node('Mul', [node('Mul', [node('LogSoftmax', [all], { axis: 1 }), target]), weight]);
  const patchLoss = node('Neg', [node('ReduceSum', [entropy], { keepdims: 0 })]);

  // Pictures: logistic loss of the mean of the greatest "any class" logits. Its gradient goes to those
  // patches alone.
  const any = node('Reshape', [
    node('ReduceLogSumExp', [logits], { axes: [1], keepdims: 1 }),
    graph.constant('perPicture', int64([pictures, patches])),
  ]);
  const [greatest] = graph.nodes('TopK', [any, graph.constant('top', int64([top]))], ['greatest', 'places'], {
    axis: 1,
  });
  const logit = node('ReduceMean', [greatest], { axes: [1], keepdims: 1 });
  const least = node('ReduceMin', [greatest], { axes: [1], keepdims: 1 });
  const isAmong = node('Cast', [node('GreaterOrEqual', [any, least])], { to: 1 });
  const error = node('Mul', [node('Sub', [node('Sigmoid', [logit]), label]), labelWeight]);
  const perPatch = node('Mul', [isAmong, node('Mul', [error, scalar('share', 1 / top)])]);
  const shares = node('Softmax', [logits], { axis: 1 });
  const fromPictures = node('Mul', [
    node('Reshape', [perPatch, graph.constant('perRow', int64([rows, 1]))]),
    shares,
  ]);
  const picturesLoss = node('Sub', [node('Softplus', [logit]), node('Mul', [logit, label])]);
  const labelLoss = node('ReduceSum', [node('Mul', [picturesLoss, labelWeight])], { keepdims: 0 });
  graph.node('Add', [patchLoss, labelLoss], {}, 'loss');
  graph.output('loss', 'float32', []);

  // The narrow matrix is the one that is turned: the features are too many to be laid out anew.
  const products = (left: string, right: string): string =>
    node('Transpose', [node('Gemm', [right, left], { transA: 1 })], { perm: [1, 0] });
  const through = (gradient: string, weights: string): string =>
    node('Gemm', [gradient, weights], { transB: 1 });
  const none = scalar('none', 0);
  const whereActive = (gradient: string, active: string): string =>
    node('Mul', [gradient, node('Cast', [node('Greater', [active, none])], { to: 1 })]);
  const gradient3 = node('Add', [fromPatches, fromPictures]);
  const gradient2 = whereActive(through(gradient3, 'w3'), hidden2);
  const gradient1 = whereActive(appendContextBack(graph, through(gradient2, 'w2'), around), hidden1);
  const sum1 = summed(gradient1);
  const gradients: Readonly<Record<string, string>> = {
    w1: node('Mul', [node('Sub', [products(bytes, gradient1), node('Mul', [sum1, zeroByte])]), perByte]),
    b1: sum1,
    w2: products(joined, gradient2),
    b2: summed(gradient2),
    w3: products(hidden2, gradient3),
    b3: summed(gradient3),
  };

  // AdamW: momenta of the gradient and of its square, and a decay of matrices that does not go through them.
  const [keepFirst, addFirst] = [scalar('keepFirst', momenta.first), scalar('addFirst', 1 - momenta.first)];
  const [keepSecond, addSecond] = [
    scalar('keepSecond', momenta.second),
    scalar('addSecond', 1 - momenta.second),
  ];
  const [tiny, decay] = [scalar('tiny', 1e-8), scalar('decay', shape.decay)];
  for (const { name, shape: axesOf } of patchWeights(shape)) {
    const gradient = gradients[name] ?? '';
    const m = graph.node(
      'Add',
      [node('Mul', [`${name}.m`, keepFirst]), node('Mul', [gradient, addFirst])],
      {},
      `${name}.m.next`,
    );
    const v = graph.node(
      'Add',
      [node('Mul', [`${name}.v`, keepSecond]), node('Mul', [node('Mul', [gradient, gradient]), addSecond])],
      {},
      `${name}.v.next`,
    );
    const direction = node('Div', [
      node('Mul', [m, first]),
      node('Add', [node('Sqrt', [node('Mul', [v, second])]), tiny]),
    ]);
    const whole = axesOf.length === 2 ? node('Add', [direction, node('Mul', [name, decay])]) : direction;
    graph.node('Sub', [name, node('Mul', [whole, rate])], {}, `${name}.next`);
    for (const suffix of ['', '.m', '.v']) graph.output(`${name}${suffix}.next`, 'float32', axesOf);
  }
  return graph.encode();
}
