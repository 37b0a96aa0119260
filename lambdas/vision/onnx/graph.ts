/**
 * Writes ONNX graphs. ONNX is a protobuf format of which a model needs nine messages, so a page of code
 * stands in for a protobuf library and its generated classes. Field numbers and type codes are those of
 * onnx.proto; the graphs use operator set 17.
 */

/** Type codes of TensorProto.DataType. */
const dataTypes = { float32: 1, uint8: 2, int64: 7, bool: 9, float16: 10 } as const;
export type DataType = keyof typeof dataTypes;

/**
 * Dense values in row-major order. float16 takes bit patterns, because not every runtime knows such an array;
 * bool takes 0 and 1.
 */
export type Tensor = { readonly shape: readonly number[] } & (
  | { readonly type: 'float32'; readonly data: Float32Array }
  | { readonly type: 'uint8' | 'bool'; readonly data: Uint8Array }
  | { readonly type: 'int64'; readonly data: BigInt64Array }
  | { readonly type: 'float16'; readonly data: Uint16Array }
);

export const float32 = (shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  type: 'float32',
  shape,
  data: Float32Array.from(values),
});
export const int64 = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

/** Marks an attribute as float: JavaScript cannot tell 1 from 1.0, and ONNX does. */
export const float = (value: number | readonly number[]): Float => ({ float: value });
interface Float {
  readonly float: number | readonly number[];
}

/** Plain numbers are ints. A graph is a subgraph, as Loop, Scan and If have them. */
type Attribute = number | readonly number[] | Float | string | Tensor | Graph;
export type Attributes = Readonly<Record<string, Attribute>>;

/** A number fixes an axis; a name leaves it open. */
export type Shape = readonly (number | string)[];

type Chunk = Uint8Array;
const utf8 = new TextEncoder();

/** Protobuf's base-128 integer; negative ones take ten bytes, as two's complement of 64 bits. */
function varint(value: number | bigint): Chunk {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
const bytesOf = (view: ArrayBufferView): Chunk =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const int = (field: number, value: number | bigint): Chunk =>
  Buffer.concat([varint(field << 3), varint(value)]);
const fixed = (field: number, value: number): Chunk =>
  Buffer.concat([varint((field << 3) | 5), bytesOf(Float32Array.of(value))]);
const chunk = (field: number, ...parts: readonly Chunk[]): Chunk => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint((field << 3) | 2), varint(length), ...parts]);
};
const text = (field: number, value: string): Chunk => chunk(field, utf8.encode(value));

function tensorProto(tensor: Tensor, name = ''): Chunk[] {
  const size = tensor.shape.reduce((product, axis) => product * axis, 1);
  if (tensor.data.length !== size) {
    throw new RangeError(
      `tensor ${name}: shape [${tensor.shape.join(', ')}] holds ${size} values, and ` +
        `${tensor.data.length} were given`,
    );
  }
  return [
    ...tensor.shape.map((axis) => int(1, axis)),
    int(2, dataTypes[tensor.type]),
    text(8, name),
    chunk(9, bytesOf(tensor.data)),
  ];
}

function attributeProto(name: string, value: Attribute): Chunk {
  const typed = (type: number, ...parts: Chunk[]): Chunk => chunk(5, text(1, name), ...parts, int(20, type));
  if (typeof value === 'string') return typed(3, text(4, value));
  if (value instanceof Graph) return typed(5, chunk(6, ...value.proto()));
  if (typeof value === 'object' && 'float' in value) {
    return typeof value.float === 'number'
      ? typed(1, fixed(2, value.float))
      : typed(6, ...value.float.map((item) => fixed(7, item)));
  }
  if (typeof value === 'object' && 'data' in value) return typed(4, chunk(5, ...tensorProto(value)));
  for (const item of [value].flat()) {
    if (!Number.isInteger(item))
      throw new TypeError(`attribute ${name}: ${item} is not an int; a float is given as float(${item})`);
  }
  return typeof value === 'number' ? typed(2, int(3, value)) : typed(7, ...value.map((item) => int(8, item)));
}

const valueInfo = (field: number, name: string, type: DataType, shape: Shape): Chunk =>
  chunk(
    field,
    text(1, name),
    chunk(
      2,
      chunk(
        1,
        int(1, dataTypes[type]),
        chunk(2, ...shape.map((axis) => chunk(1, typeof axis === 'number' ? int(1, axis) : text(2, axis)))),
      ),
    ),
  );

/**
 * A graph under construction: nodes are written in the order of their calls, which must be an order in which
 * they can run.
 */
export class Graph {
  readonly #name: string;
  readonly #parts: Chunk[] = [];
  readonly #taken = new Set<string>();

  /**
   * @param name also prefixes the names that are made up here, which must not clash between a graph and its
   * subgraphs
   */
  constructor(name: string) {
    this.#name = name;
  }

  /** @returns `name`, as every call here returns what later nodes refer to */
  input(name: string, type: DataType, shape: Shape): string {
    this.#parts.push(valueInfo(11, name, type, shape));
    return this.#take(name);
  }

  /** Declares the value `name`, which a node has made, as an output of the graph. */
  output(name: string, type: DataType, shape: Shape): void {
    this.#parts.push(valueInfo(12, name, type, shape));
  }

  constant(name: string, tensor: Tensor): string {
    this.#parts.push(chunk(5, ...tensorProto(tensor, name)));
    return this.#take(name);
  }

  /** Adds a node with one output. An empty string among `inputs` leaves an optional input out. */
  node(operator: string, inputs: readonly string[], attributes: Attributes = {}, output?: string): string {
    const name = output ?? this.#next(operator);
    this.nodes(operator, inputs, [name], attributes);
    return name;
  }

  /** Adds a node with several outputs, all named by the caller, and returns their names. */
  nodes<const Outputs extends readonly string[]>(
    operator: string,
    inputs: readonly string[],
    outputs: Outputs,
    attributes: Attributes = {},
    domain = '',
  ): Outputs {
    for (const name of outputs) this.#take(name);
    this.#parts.push(
      chunk(
        1,
        ...inputs.map((name) => text(1, name)),
        ...outputs.map((name) => text(2, name)),
        text(4, operator),
        ...Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
        ...(domain === '' ? [] : [text(7, domain)]),
      ),
    );
    return outputs;
  }

  /** The GraphProto's fields, for a graph that is an attribute of another. */
  proto(): Chunk[] {
    return [...this.#parts, text(2, this.#name)];
  }

  /**
   * The finished model file.
   * @param metadata texts to travel with the graph, read by tools that show models
   * @param domains further operator sets, which no runtime of ours accepts
   */
  encode(
    metadata: Readonly<Record<string, string>> = {},
    domains: Readonly<Record<string, number>> = {},
  ): Uint8Array {
    const opsets = Object.entries({ '': 17, ...domains });
    return Buffer.concat([
      int(1, 8),
      text(2, 'crowsnest'),
      chunk(7, ...this.proto()),
      ...opsets.map(([domain, version]) => chunk(8, text(1, domain), int(2, version))),
      ...Object.entries(metadata).map(([key, value]) => chunk(14, text(1, key), text(2, value))),
    ]);
  }

  #take(name: string): string {
    if (this.#taken.has(name)) throw new Error(`graph ${this.#name}: the name ${name} is taken`);
    this.#taken.add(name);
    return name;
  }

  #next(operator: string): string {
    return `${this.#name}.${operator}.${this.#taken.size}`;
  }
}
