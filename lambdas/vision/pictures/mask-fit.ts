import { MaskUnusable } from '../fitting/failures.ts';
import { sizeText, type StoredSize } from './size-text.ts';

/**
 * A mask that does not lie on its picture as the pixels are stored teaches the wrong places.
 * @throws MaskUnusable
 */
export function requireFit(
  id: string,
  mask: { readonly width: number; readonly height: number },
  { width, height, orientation = 1 }: StoredSize,
): void {
  if (mask.width !== width || mask.height !== height) {
    throw MaskUnusable.of(
      id,
      `has ${mask.width} x ${mask.height} pixels; its picture has ` +
        `${sizeText({ width, height, orientation })}. Draw it at the picture's size, or write the picture ` +
        'upright.',
    );
  }
  // On a picture whose sides EXIF swaps, the mask's size has told that it lies on the stored pixels.
  if (orientation > 1 && !(orientation >= 5 && width !== height)) {
    throw MaskUnusable.of(
      id,
      `cannot be laid on its picture, which EXIF orientation ${orientation} shows turned or mirrored. ` +
        'Write the picture upright, without EXIF orientation.',
    );
  }
}
