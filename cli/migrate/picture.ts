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
