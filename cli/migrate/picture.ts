import { stat } from 'node:fs/promises';
import sharp from 'sharp';

export interface Picture {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** @returns undefined if it cannot be read as a picture */
export async function inspectPicture(path: string): Promise<Picture | undefined> {
  const { size: bytes } = await stat(path);
  try {
    const { format, width, height } = await sharp(path).metadata();
    return { format, width, height, bytes };
  } catch {
    return undefined;
  }
}

/**
 * The colours of a mask, as `#rrggbb`, without those that can only be background: white, black, and what is
 * transparent.
 */
export async function coloursOf(path: string): Promise<Set<string>> {
  const { data } = await sharp(path)
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const found = new Set<number>();
  for (let at = 0; at + 3 < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = [data[at], data[at + 1], data[at + 2], data[at + 3]];
    if (alpha > 0) found.add(red * 65_536 + green * 256 + blue);
  }
  found.delete(0);
  found.delete(0xffffff);
  return new Set([...found].map((colour) => `#${colour.toString(16).padStart(6, '0')}`));
}

/** By the limits of the service, "Quotas" in its guide. */
export const pictureRules = {
  smallest: 64,
  largest: 4096,
  bytes: 8 * 1024 * 1024,
  formats: ['jpeg', 'png'],
} as const;
