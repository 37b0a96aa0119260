import { PictureRefused, type PictureType } from '../../domain/verdict.ts';
import { pictureLimits, type PictureLimits } from './limits.ts';
import { sizeText, type StoredSize } from './size-text.ts';

/*
 * What the bytes of a picture say without being decoded. It needs no library, so that functions that carry
 * none judge by it too.
 */

const signatures: Readonly<Record<PictureType, readonly number[]>> = {
  'image/png': [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  'image/jpeg': [0xff, 0xd8, 0xff],
};
const types: readonly PictureType[] = ['image/png', 'image/jpeg'];

/** What a file is by its first bytes; its name does not count. @throws PictureRefused if it is neither */
function typeOf(bytes: Uint8Array): PictureType {
  const found = types.find((type) => signatures[type].every((byte, index) => bytes[index] === byte));
  if (found === undefined) throw new PictureRefused('The body is neither a PNG nor a JPEG picture.');
  return found;
}

/** @throws PictureRefused if a side is too short or too long */
export function checkSides(size: StoredSize, { minSide, maxSide }: PictureLimits): void {
  for (const side of [size.width, size.height]) {
    if (side < minSide || side > maxSide)
      throw new PictureRefused(
        `The picture is ${sizeText(size)}; each side must have ${minSide} to ${maxSide}.`,
      );
  }
}

/**
 * @param stated what its sender says it is; without that the content alone says
 * @throws PictureRefused naming the rule that the file breaks
 */
export function checkContent(
  bytes: Uint8Array,
  stated: PictureType | undefined,
  limits: PictureLimits,
): PictureType {
  if (bytes.length === 0) throw new PictureRefused('The body is empty; a picture is needed.');
  if (bytes.length > limits.bytes) {
    throw new PictureRefused(`The picture has ${bytes.length} bytes; at most ${limits.bytes} are accepted.`);
  }
  const found = typeOf(bytes);
  if (stated !== undefined && found !== stated)
    throw new PictureRefused(`The content type says ${stated}, but the body is ${found}.`);
  if (found === 'image/png' && isAnimatedPng(bytes))
    throw new PictureRefused('The picture is animated; a single picture is needed.');
  return found;
}

/**
 * An animated PNG says so in a chunk named acTL before its first pixels. Each chunk is: length, name,
 * content, checksum.
 */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length;) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === 'acTL') return true;
    if (name === 'IDAT') return false;
    at += 12 + view.getUint32(at);
  }
  return false;
}

/** The pixels as they are stored; EXIF may show them turned. */
export interface Head {
  readonly type: PictureType;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads type and size from the first bytes of a picture.
 * @returns undefined if the bytes end before they tell
 * @throws PictureRefused if this is no picture, or of a size that none may have
 */
export function readHead(bytes: Uint8Array, limits: PictureLimits = pictureLimits): Head | undefined {
  if (bytes.length < 8) return undefined;
  const type = typeOf(bytes);
  const size = type === 'image/png' ? sizeOfPng(bytes) : sizeOfJpeg(bytes);
  if (size === undefined) return undefined;
  checkSides(size, limits);
  return { type, ...size };
}

type Size = Pick<Head, 'width' | 'height'>;

/** Width and height are the first members of a PNG's first chunk. (W3C PNG, 11.2.2) */
function sizeOfPng(bytes: Uint8Array): Size | undefined {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * A JPEG is a list of segments, each a marker and its length. The first start-of-frame has the size: height
 * before width. (ITU-T T.81, B.2.2)
 * @throws PictureRefused if there is no frame before the pixels
 */
function sizeOfJpeg(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 9 <= bytes.length;) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff || marker === 0xda || marker === 0xd9)
      throw new PictureRefused(
        'The picture cannot be decoded as image/jpeg: it has no size before its pixels.',
      );
    if (marker === 0xff) {
      at += 1; // any number of these may stand before a marker
      continue;
    }
    // C4, C8 and CC are among the frames' numbers, and are none.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
