import { shapeOf } from './decode.ts';

/**
 * What a value looks like in a JSON body: timestamps are epoch seconds with a fraction, blobs base64; absent
 * members are left out, because SDKs tell them from empty ones.
 */
export function encodeValue(name: string, value: unknown): unknown {
  const shape = shapeOf(name);
  switch (shape.type) {
    case 'structure': {
      const given = value as Record<string, unknown>;
      return Object.fromEntries(
        Object.entries(shape.members)
          .filter(([member]) => given[member] !== undefined)
          .map(([member, { shape: of }]) => [member, encodeValue(of, given[member])]),
      );
    }
    case 'list':
      return (value as readonly unknown[]).map((item) => encodeValue(shape.of, item));
    case 'timestamp':
      return (value as number) / 1000;
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'float':
      // The contract's floats have 32 bits, and the original wrote them so. Their exact values have few
      // enough digits for a client that turns one into a decimal number to store it.
      return Math.fround(value as number);
    case 'double':
    case 'string':
    case 'integer':
    case 'boolean':
      return value;
  }
}
