/**
 * Looks into an ONNX file before any runtime does. The file comes from somebody else: weights outside of it
 * could name any file of this machine, custom operators are code, and a runtime that reads nonsense may
 * crash. Only what is needed of the format is read; field numbers are those of onnx.proto.
 */

export interface GraphLimits {
  readonly bytes: number;
  readonly nodes: number;
  /** Protobuf fields of all messages: real models have some for each node, and few for each tensor. */
  readonly fields: number;
  /** Of subgraphs in each other. */
  readonly depth: number;
}

export const graphLimits: GraphLimits = {
  bytes: 256 * 1024 * 1024,
  nodes: 50_000,
  fields: 4_000_000,
  depth: 8,
};

interface Field {
  readonly number: number;
  /** Of a length-delimited field. */
  readonly bytes?: Uint8Array;
  /** Whether a field of another kind says anything but 0. */
  readonly isSet?: boolean;
}

class Malformed extends Error {
  override readonly name = 'Malformed';
}

/**
 * @returns everything that keeps the graph from being hosted, as sentences' ends ("model.onnx ..."); none if
 * nothing does
 */
export function graphProblems(model: Uint8Array, limits: GraphLimits = graphLimits): readonly string[] {
  if (model.length > limits.bytes) return [`has ${model.length} bytes; at most ${limits.bytes} are accepted`];
  const inspection = new Inspection(limits);
  try {
    inspection.model(model);
  } catch (error) {
    if (error instanceof Malformed) return [error.message];
    throw error;
  }
  return [...inspection.problems];
}

class Inspection {
  readonly problems = new Set<string>();
  readonly #limits: GraphLimits;
  #nodes = 0;
  #seen = 0;

  constructor(limits: GraphLimits) {
    this.#limits = limits;
  }

  model(bytes: Uint8Array): void {
    let graphs = 0;
    for (const field of this.#fields(bytes)) {
      if (field.number === 7 && field.bytes !== undefined) {
        graphs++;
        this.#graph(field.bytes, 0);
      }
      if (field.number === 20)
        this.problems.add('holds training graphs; export the graph for inference alone');
      if (field.number === 25) this.problems.add('defines functions of its own; inline them when exporting');
    }
    if (graphs !== 1) throw new Malformed('is not an ONNX model');
  }

  #graph(bytes: Uint8Array, depth: number): void {
    if (depth > this.#limits.depth) throw new Malformed(`nests graphs more than ${this.#limits.depth} deep`);
    for (const { number, bytes: content } of this.#fields(bytes)) {
      if (content === undefined) continue;
      if (number === 1) this.#node(content, depth);
      if (number === 5) this.#tensor(content);
      if (number === 15) this.#sparseTensor(content);
    }
  }

  #node(bytes: Uint8Array, depth: number): void {
    this.#nodes++;
    if (this.#nodes > this.#limits.nodes) throw new Malformed(`has more than ${this.#limits.nodes} nodes`);
    let domain = '';
    let operator = '';
    for (const { number, bytes: content } of this.#fields(bytes)) {
      if (content === undefined) continue;
      if (number === 4) operator = text(content);
      if (number === 5) this.#attribute(content, depth);
      if (number === 7) domain = text(content);
    }
    if (domain !== '' && domain !== 'ai.onnx') {
      this.problems.add(
        `uses the custom operator ${quoted(`${domain}.${operator}`)}; only standard ONNX operators are ` +
          'hosted',
      );
    }
  }

  #attribute(bytes: Uint8Array, depth: number): void {
    for (const { number, bytes: content } of this.#fields(bytes)) {
      if (content === undefined) continue;
      if (number === 5 || number === 10) this.#tensor(content);
      if (number === 6 || number === 11) this.#graph(content, depth + 1);
      if (number === 22 || number === 23) this.#sparseTensor(content);
    }
  }

  #sparseTensor(bytes: Uint8Array): void {
    for (const { number, bytes: content } of this.#fields(bytes)) {
      if (content !== undefined && (number === 1 || number === 2)) this.#tensor(content);
    }
  }

  #tensor(bytes: Uint8Array): void {
    let name = '';
    let external = false;
    for (const { number, bytes: content, isSet } of this.#fields(bytes)) {
      if (number === 8 && content !== undefined) name = text(content);
      if (number === 13 || (number === 14 && isSet !== false)) external = true;
    }
    if (external)
      this.problems.add(
        `keeps the tensor ${quoted(name)} in another file; export it with all weights inside`,
      );
  }

  *#fields(bytes: Uint8Array): Generator<Field> {
    const message = new Message(bytes);
    for (let field = message.next(); field !== undefined; field = message.next()) {
      if (++this.#seen > this.#limits.fields)
        throw new Malformed(`has more than ${this.#limits.fields} fields; export it without unused parts`);
      yield field;
    }
  }
}

const damaged = (): Malformed => new Malformed('is not an ONNX model: it is damaged or incomplete');

/** One protobuf message, field by field. */
class Message {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): Field | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const tag = this.#uint32();
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        return { number, isSet: this.#varint() };
      case 1:
        return { number, isSet: this.#take(8).some((byte) => byte !== 0) };
      case 2:
        return { number, bytes: this.#take(this.#uint32()) };
      case 5:
        return { number, isSet: this.#take(4).some((byte) => byte !== 0) };
      default:
        throw damaged();
    }
  }

  /**
   * A tag or a length. Readers differ on those of more than 32 bits: protobuf's own drops the upper bits, so
   * that one field would be another for us than for the runtime. No writer makes them; they are refused.
   */
  #uint32(): number {
    let value = 0;
    for (let place = 0; place < 5; place++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || (place === 4 && byte > 15)) throw damaged();
      value += (byte & 127) * 2 ** (7 * place);
      if (byte < 128) return value;
    }
    throw damaged();
  }

  /** Passes over a value of up to 64 bits. @returns whether it is anything but 0 */
  #varint(): boolean {
    let isSet = false;
    for (let place = 0; place < 10; place++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damaged();
      isSet ||= (byte & 127) !== 0;
      if (byte < 128) return isSet;
    }
    throw damaged();
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw damaged();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const quoted = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
