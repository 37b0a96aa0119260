import sharp from 'sharp';
import { foreignReason } from '../../domain/foreign-reason.ts';
import { PictureRefused, type PictureType } from '../../domain/verdict.ts';
import { checkContent, checkSides } from './content.ts';
import { pictureLimits, type PictureLimits } from './limits.ts';

/** A decoded picture: 8-bit RGB, interleaved, row by row, so `rgb` has width * height * 3 bytes. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  /** Of EXIF, 2 to 8, where the file has one that changes anything. It is not applied. */
  readonly orientation?: number;
}

// Warnings of the decoders are let pass: cameras write JPEGs that earn some, and that were accepted for
// years. Errors and truncation are not.
const reading = { failOn: 'error', unlimited: false, sequentialRead: true } as const;

/**
 * Decodes a PNG or JPEG to 8-bit RGB. Whatever the file holds becomes that: CMYK and grey are converted, 16
 * bits are scaled to 8, an embedded colour profile is applied, transparency is laid on white. An EXIF
 * orientation is not applied: width, height and mask are those of the pixels as stored, which is what a
 * client's drawing library lays the mask on.
 * @param stated what its sender says it is; without that the content alone says, and never a name
 * @throws PictureRefused naming the rule that the picture breaks
 */
export async function decode(
  bytes: Uint8Array,
  stated: PictureType | undefined,
  limits: PictureLimits = pictureLimits,
): Promise<Picture> {
  const type = checkContent(bytes, stated, limits);
  const { width, height, orientation } = await dimensions(bytes, limits);
  try {
    const { data, info } = await sharp(bytes, { ...reading, limitInputPixels: width * height })
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels`);
    return {
      width: info.width,
      height: info.height,
      rgb: data,
      ...(orientation > 1 && { orientation }),
    };
  } catch (error) {
    throw undecodable(type, error);
  }

  /**
   * The header is read, and its claims judged, before any pixel is decoded: a few bytes can claim gigabytes.
   */
  async function dimensions(
    of: Uint8Array,
    sides: PictureLimits,
  ): Promise<{ width: number; height: number; orientation: number }> {
    const header = await sharp(of, { ...reading, limitInputPixels: false })
      .metadata()
      .catch((error: unknown) => {
        throw undecodable(type, error);
      });
    checkSides(header, sides);
    if ((header.pages ?? 1) > 1)
      throw new PictureRefused('The picture is animated; a single picture is needed.');
    return { width: header.width, height: header.height, orientation: header.orientation ?? 1 };
  }
}

const undecodable = (type: PictureType, cause: unknown): PictureRefused =>
  new PictureRefused(
    `The picture cannot be decoded as ${type}: it is damaged or incomplete (${foreignReason(cause)}).`,
    { cause },
  );

/**
 * Resizes to exactly `width` x `height` pixels; the aspect ratio follows. Training and hosting both call this
 * one function: a model that learnt from pictures shrunk with one kernel misjudges those shrunk with another.
 */
export async function resizeTo(picture: Picture, width: number, height: number): Promise<Picture> {
  if (picture.width === width && picture.height === height) return picture;
  const rgb = await sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  return { width, height, rgb };
}
