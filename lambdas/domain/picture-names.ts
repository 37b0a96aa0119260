import type { PictureType } from './verdict.ts';

/**
 * What a key or a file is by its name alone: for listings, where nobody has looked at the content. Undefined
 * for what is no picture by its name.
 */
export function typeByName(name: string): PictureType | undefined {
  if (/\.png$/i.test(name)) return 'image/png';
  return /\.jpe?g$/i.test(name) ? 'image/jpeg' : undefined;
}
