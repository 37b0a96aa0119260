import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { CommandFailed } from '../failed.ts';
import type { DatasetType } from './finding.ts';
import { locate, manifestOf, type Export, type Located } from './layout.ts';
import { masksOf, parseLine } from './line.ts';

/** Pixels of a mask: RGBA, interleaved. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Shrunk {
  readonly pictures: number;
  readonly masks: number;
  /** How many of the pictures were larger, or turned by EXIF. */
  readonly changed: number;
}

/**
 * Writes a copy of the export whose pictures and masks have no side above `most` pixels, and are upright:
 * EXIF orientation is applied, and left out. The manifests stay as they are. Masks are resized to their
 * picture's new size by nearest neighbour, so that every colour stays exactly what its map says.
 * @throws CommandFailed if another export is at its place
 */
export async function writeShrunk(
  { folder, manifests }: Export,
  most: number,
  copy: string,
  tell: (done: number, of: number) => void = () => undefined,
): Promise<Shrunk> {
  for (const { dataset, lines } of manifests) {
    const present = await readFile(manifestOf(copy, dataset), 'utf8').catch(() => undefined);
    if (present !== undefined && present !== textOf(lines))
      throw new CommandFailed(
        `${copy} holds something else. Remove it, or name another place with --shrunk.`,
      );
  }
  const sum = { pictures: 0, masks: 0, changed: 0 };
  const all = manifests.reduce((count, { lines }) => count + lines.length, 0);
  let done = 0;
  for (const { dataset, lines } of manifests) {
    for (const text of lines) {
      const line = parseLine(text);
      const image = line && locate(folder, dataset, 'images', String(line['source-ref']));
      if (line !== undefined && image !== undefined) {
        const place = { copy, dataset, most };
        const masks = masksOf(line).flatMap(({ ref }) => locate(folder, dataset, 'masks', ref) ?? []);
        sum.changed += (await shrinkOne(place, image, masks)) ? 1 : 0;
        sum.pictures += 1;
        sum.masks += masks.length;
      }
      tell(++done, all);
    }
    await mkdir(dirname(manifestOf(copy, dataset)), { recursive: true });
    await writeFile(manifestOf(copy, dataset), textOf(lines));
  }
  return sum;
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

interface Place {
  readonly copy: string;
  readonly dataset: DatasetType;
  readonly most: number;
}

/** @returns whether the picture is another than it was; what cannot be read is copied as it is */
async function shrinkOne(
  { copy, dataset, most }: Place,
  image: Located,
  masks: readonly Located[],
): Promise<boolean> {
  const target = async (kind: 'images' | 'masks', { key }: Located): Promise<string> => {
    const path = join(copy, dataset, kind, ...key.split('/'));
    await mkdir(dirname(path), { recursive: true });
    return path;
  };
  const asIs = async (): Promise<boolean> => {
    await copyFile(image.path, await target('images', image));
    for (const mask of masks) await copyFile(mask.path, await target('masks', mask));
    return false;
  };
  const header = await sharp(image.path)
    .metadata()
    .catch(() => undefined);
  if (header === undefined || !['jpeg', 'png'].includes(header.format)) return asIs();
  const { width, height, orientation = 1 } = header;
  const upright = orientation >= 5 ? { width: height, height: width } : { width, height };
  const factor = Math.min(1, most / Math.max(width, height));
  if (factor === 1 && orientation === 1) return asIs();
  const size = {
    width: Math.round(upright.width * factor),
    height: Math.round(upright.height * factor),
  };
  const drawn = sharp(image.path)
    .autoOrient()
    .resize({ ...size, fit: 'fill' });
  await (
    header.format === 'png' ? drawn.png() : drawn.jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
  ).toFile(await target('images', image));
  for (const mask of masks) {
    const pixels = await readPixels(mask.path);
    // Drawn on the stored pixels if its size says so; else on the picture as it is shown.
    const isStored =
      pixels.width === width && pixels.height === height && (width !== upright.width || orientation === 1);
    const turned = isStored ? await orient(pixels, orientation) : pixels;
    const { data, ...raw } = nearest(turned, size);
    await sharp(data, { raw: { ...raw, channels: 4 } })
      .png()
      .toFile(await target('masks', mask));
  }
  return true;
}

const rgba = async (image: Sharp): Promise<Pixels> => {
  const { data, info } = await image
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
};

const readPixels = (path: string): Promise<Pixels> => rgba(sharp(path).toColourspace('srgb'));

/** Turns and mirrors as EXIF says, 1 to 8. */
async function orient({ data, ...raw }: Pixels, orientation: number): Promise<Pixels> {
  const angle = [0, 0, 0, 180, 180, 90, 90, 270, 270][orientation] ?? 0;
  const mirrored = [2, 4, 5, 7].includes(orientation);
  const turned = await rgba(sharp(data, { raw: { ...raw, channels: 4 } }).rotate(angle));
  if (!mirrored) return turned;
  return rgba(
    sharp(turned.data, { raw: { width: turned.width, height: turned.height, channels: 4 } }).flop(),
  );
}

function nearest(
  from: Pixels,
  { width, height }: { readonly width: number; readonly height: number },
): Pixels {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / height) * from.width;
    for (let x = 0; x < width; x++) {
      const at = (row + Math.floor(((x + 0.5) * from.width) / width)) * 4;
      data.set(from.data.subarray(at, at + 4), (y * width + x) * 4);
    }
  }
  return { width, height, data };
}
