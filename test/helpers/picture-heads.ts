import type { PictureType } from '../../lambdas/domain/verdict.ts';

/**
 * The first bytes of a picture, which say what it is and how large, and then a text behind a line end: all that
 * who never decodes it needs.
 */
export function headAndText(type: PictureType, text: string, width = 96, height = 64): Buffer {
  const head =
    type === 'image/png'
      ? Buffer.from('89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000', 'hex')
      : Buffer.from('ffd8ffe000104a46494600010100000100010000ffc0001108000000000301220002110103', 'hex');
  if (type === 'image/png') {
    head.writeUInt32BE(width, 16);
    head.writeUInt32BE(height, 20);
  } else {
    head.writeUInt16BE(height, 25);
    head.writeUInt16BE(width, 27);
  }
  return Buffer.concat([head, Buffer.from(`\n${text}`)]);
}

export const textOf = (picture: Uint8Array): string =>
  Buffer.from(picture).toString('latin1').split('\n').at(-1) ?? '';
