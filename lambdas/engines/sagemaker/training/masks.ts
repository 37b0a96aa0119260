import { decode, type DecodedPng } from 'fast-png';
import type { Counts } from '../../../vision/evaluation/figures.ts';

/** What each pixel shows: 0 is the background, else the class's number, from 1 on. */
export interface ClassMap {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
}

/** It cannot be said what a mask shows. */
export class MaskUnreadable extends Error {
  override readonly name = 'MaskUnreadable';
}

/** A colour of a mask, `#` and six hexadecimal digits, and the number of the class that it stands for. */
export interface Colour {
  readonly color: string;
  readonly number: number;
}

/** Class numbers are bytes, and one byte says that a colour is none of a map's. */
const unknown = 255;
export const mostClasses = 254;

/**
 * Both sides may have so many pixels, as with pictures: a header that claims more would have memory set aside
 * for it.
 */
const largestSide = 4096;

/**
 * Reads a mask by its map of colours. A pixel is background if it is white or more transparent than not
 * (editors write smooth edges as alpha, and leave colours where alpha is 0).
 * @throws MaskUnreadable if it is no PNG, or has a colour that is not in the map
 */
export function readClasses(bytes: Uint8Array, map: readonly Colour[]): ClassMap {
  const png = decoded(bytes);
  const numbers = new Map<number, number>([
    [0xffffff, 0],
    ...map.map(({ color, number }) => [Number.parseInt(color.slice(1), 16), number] as const),
  ]);
  const classes =
    png.palette === undefined ? fromColours(png, numbers) : fromPalette(png, png.palette, numbers);
  if (classes.includes(unknown)) throw new MaskUnreadable('the mask has a colour that its map does not list');
  return { width: png.width, height: png.height, classes };
}

function decoded(bytes: Uint8Array): DecodedPng {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Width and height are the first members of a PNG's first chunk.
  const isFit =
    header.length >= 24 && header.readUInt32BE(16) <= largestSide && header.readUInt32BE(20) <= largestSide;
  if (!isFit) throw new MaskUnreadable('the mask is no PNG, or too large');
  try {
    return decode(bytes);
  } catch (error) {
    throw new MaskUnreadable('the mask cannot be decoded as a PNG', { cause: error });
  }
}

const classOf = (
  numbers: ReadonlyMap<number, number>,
  red: number,
  green: number,
  blue: number,
  alpha: number,
): number => (alpha <= 127 ? 0 : (numbers.get((red << 16) | (green << 8) | blue) ?? unknown));

/** Indices may be packed, several to a byte; each row begins with a byte of its own. */
function fromPalette(
  { width, height, data, depth }: DecodedPng,
  palette: readonly (readonly number[])[],
  numbers: ReadonlyMap<number, number>,
): Uint8Array {
  const classes = Uint8Array.from(palette, ([red = 0, green = 0, blue = 0, alpha = 255]) =>
    classOf(numbers, red, green, blue, alpha),
  );
  const perByte = 8 / depth;
  const perRow = Math.ceil(width / perByte);
  const mask = 2 ** depth - 1;
  const found = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const byte = data[y * perRow + Math.floor(x / perByte)] ?? 0;
      found[at] = classes[(byte >> (8 - depth * (1 + (x % perByte)))) & mask] ?? unknown;
    }
  }
  return found;
}

/** Of grey or of colours, with alpha or without; of 16 bits a sample the upper 8 count. */
function fromColours(
  { width, height, data, depth, channels }: DecodedPng,
  numbers: ReadonlyMap<number, number>,
): Uint8Array {
  if (depth < 8) throw new MaskUnreadable('the mask has less than 8 bits of grey');
  const shift = depth - 8;
  const isGrey = channels < 3;
  const hasAlpha = channels % 2 === 0;
  const found = new Uint8Array(width * height);
  for (let at = 0, from = 0; at < found.length; at++, from += channels) {
    const red = (data[from] ?? 0) >> shift;
    const green = isGrey ? red : (data[from + 1] ?? 0) >> shift;
    const blue = isGrey ? red : (data[from + 2] ?? 0) >> shift;
    found[at] = classOf(
      numbers,
      red,
      green,
      blue,
      hasAlpha ? (data[from + channels - 1] ?? 0) >> shift : 255,
    );
  }
  return found;
}

/** One for each class, in the order of their numbers. */
export type PixelCounts = { -readonly [Member in keyof Counts]: Counts[Member] }[];

/**
 * Counts, pixel by pixel, what was found and what is there. They are compared on the grid of what is there,
 * should the sizes differ.
 * @param truth undefined where nothing is to be seen
 * @param found undefined where nothing was
 */
export function compare(truth: ClassMap | undefined, found: ClassMap | undefined, counts: PixelCounts): void {
  const grid = truth ?? found;
  if (grid === undefined) return;
  const { width, height } = grid;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) count(at(truth, grid, x, y), at(found, grid, x, y), counts);
  }
}

function at(map: ClassMap | undefined, { width, height }: ClassMap, x: number, y: number): number {
  if (map === undefined) return 0;
  const column = map.width === width ? x : Math.floor((x * map.width) / width);
  const row = map.height === height ? y : Math.floor((y * map.height) / height);
  return map.classes[row * map.width + column] ?? 0;
}

function count(is: number, claimed: number, counts: PixelCounts): void {
  if (is === 0 && claimed === 0) return;
  const there = counts[is - 1];
  if (is === claimed && there !== undefined) {
    there.hits += 1;
    return;
  }
  if (there !== undefined) there.misses += 1;
  const stray = counts[claimed - 1];
  if (stray !== undefined) stray.strays += 1;
}
