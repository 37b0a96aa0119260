/**
 * Looks into an ONNX file before any runtime does. The file comes from somebody else: weights outside of it
 * could name any file of this machine, custom operators are code, and a runtime that reads nonsense may
 * crash. Only what is needed of the format is read; field numbers are those of onnx.proto.
 */

export interface GraphLimits {
  readonly bytes: number;
  readonly nodes: number;
  /** Of subgraphs in each other. */
  readonly depth: number;
}

export const graphLimits: GraphLimits = { bytes: 256 * 1024 * 1024, nodes: 50_000, depth: 8 };

interface Field {
  readonly number: number;
  /**
   * Of a length-delimited field; other kinds are passed over, except for varints, whose value is in `value`.
   */
  readonly bytes?: Uint8Array;
  readonly value?: bigint;
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

  constructor(limits: GraphLimits) {
    this.#limits = limits;
  }

  model(bytes: Uint8Array): void {
    let graphs = 0;
    for (const field of fields(bytes)) {
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
    for (const { number, bytes: content } of fields(bytes)) {
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
    for (const { number, bytes: content } of fields(bytes)) {
      if (content === undefined) continue;
      if (number === 4) operator = text(content);
      if (number === 5) this.#attribute(content, depth);
      if (number === 7) domain = text(content);
    }
    if (domain !== '' && domain !== 'ai.onnx') {
      this.problems.add(
        `uses the custom operator ${quoted(`${domain}.${operator}`)}; only standard ONNX operators are hosted`,
      );
    }
  }

  #attribute(bytes: Uint8Array, depth: number): void {
    for (const { number, bytes: content } of fields(bytes)) {
      if (content === undefined) continue;
      if (number === 5 || number === 10) this.#tensor(content);
      if (number === 6 || number === 11) this.#graph(content, depth + 1);
      if (number === 22 || number === 23) this.#sparseTensor(content);
    }
  }

  #sparseTensor(bytes: Uint8Array): void {
    for (const { number, bytes: content } of fields(bytes)) {
      if (content !== undefined && (number === 1 || number === 2)) this.#tensor(content);
    }
  }

  #tensor(bytes: Uint8Array): void {
    let name = '';
    let external = false;
    for (const { number, bytes: content, value } of fields(bytes)) {
      if (number === 8 && content !== undefined) name = text(content);
      if (number === 13 || (number === 14 && value !== 0n)) external = true;
    }
    if (external)
      this.problems.add(
        `keeps the tensor ${quoted(name)} in another file; export it with all weights inside`,
      );
  }
}

/** The fields of one protobuf message. */
function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new Malformed('is not an ONNX model: it is damaged or incomplete');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new Malformed('is not an ONNX model: it is damaged or incomplete');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 1) yield { number, value: BigInt(take(8).length) };
    else if (wire === 2) yield { number, bytes: take(Number(varint())) };
    else if (wire === 5) yield { number, value: BigInt(take(4).length) };
    else throw new Malformed('is not an ONNX model: it is damaged or incomplete');
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const quoted = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
