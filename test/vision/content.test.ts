import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { PictureRefused } from '../../lambdas/domain/verdict.ts';
import { readHead } from '../../lambdas/vision/pictures/content.ts';

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });

test.each([
  ['png', await plain(96, 64).png().toBuffer()],
  ['png of a palette, interlaced', await plain(96, 64).png({ palette: true, progressive: true }).toBuffer()],
  ['jpeg', await plain(96, 64).jpeg().toBuffer()],
  ['progressive jpeg', await plain(96, 64).jpeg({ progressive: true }).toBuffer()],
  ['grey jpeg', await plain(96, 64).greyscale().jpeg().toBuffer()],
  [
    'jpeg with EXIF and a colour profile',
    await plain(96, 64).jpeg().withMetadata({ orientation: 6, icc: 'srgb' }).toBuffer(),
  ],
])('the head of a %s has the size that the decoder sees, from as few bytes as tell it', async (_, bytes) => {
  const { width, height, format } = await sharp(bytes).metadata();
  expect(readHead(bytes)).toEqual({ type: `image/${format}`, width, height });
  let needed = 0;
  while (readHead(bytes.subarray(0, needed)) === undefined) needed += 1;
  expect(readHead(bytes.subarray(0, needed))).toEqual(readHead(bytes));
  expect(needed).toBeLessThan(bytes.length);
});

test('whatever bytes there are, the answer is a head, none yet, or a refusal', () => {
  const jpeg = Buffer.from(
    'ffd8ffe000104a46494600010100000100010000ffc0001108004000600301220002110103',
    'hex',
  );
  for (let at = 0; at < jpeg.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0xc4, 0xd8, 0xda, 0xff]) {
      const broken = Buffer.from(jpeg);
      broken[at] = value;
      try {
        expect([undefined, 'image/jpeg']).toContain(readHead(broken)?.type);
      } catch (error) {
        expect(error).toBeInstanceOf(PictureRefused);
      }
    }
  }
});
