import { crc32 } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { decode, resizeTo } from '../../lambdas/vision/pictures/decode.ts';
import { PictureRefused, type PictureType } from '../../lambdas/domain/verdict.ts';
import { picture } from '../helpers/artifacts.ts';

const refusal = async (bytes: Uint8Array, type: PictureType = 'image/png'): Promise<string> => {
  const error = await decode(bytes, type).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(PictureRefused);
  return (error as Error).message;
};
const firstPixel = async (bytes: Uint8Array, type: PictureType = 'image/png'): Promise<number[]> => [
  ...(await decode(bytes, type)).rgb.subarray(0, 3),
];

/** A PNG chunk: length, name, content, checksum. */
const chunk = (name: string, content: Uint8Array): Uint8Array => {
  const named = Buffer.concat([Buffer.from(name), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
};

describe('decoding', () => {
  test('gives the pixels of a PNG as they are, row by row, R, G, B', async () => {
    const png = await picture('#102030', { colour: '#ff0080', left: 1, top: 0, width: 1, height: 1 })
      .png()
      .toBuffer();
    const { width, height, rgb } = await decode(png, 'image/png');
    expect([width, height, rgb.length]).toEqual([64, 64, 64 * 64 * 3]);
    expect([...rgb.subarray(0, 9)]).toEqual([16, 32, 48, 255, 0, 128, 16, 32, 48]);
  });

  test('makes 8-bit RGB of grey, palette, 16-bit, transparent and CMYK pictures', async () => {
    const plain = picture('#646464');
    expect(await firstPixel(await plain.clone().toColourspace('b-w').png().toBuffer())).toEqual([
      100, 100, 100,
    ]);
    expect(await firstPixel(await plain.clone().png({ palette: true }).toBuffer())).toEqual([100, 100, 100]);
    expect(await firstPixel(await plain.clone().toColourspace('rgb16').png().toBuffer())).toEqual([
      100, 100, 100,
    ]);
    expect(await firstPixel(await plain.clone().toColourspace('grey16').png().toBuffer())).toEqual([
      100, 100, 100,
    ]);
    const clear = sharp({
      create: { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    expect(await firstPixel(await clear.png().toBuffer())).toEqual([255, 255, 255]);
    const cmyk = await plain.clone().toColourspace('cmyk').jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    for (const channel of await firstPixel(cmyk, 'image/jpeg'))
      expect(Math.abs(channel - 100)).toBeLessThan(20);
  });

  test('leaves the pixels where they are stored, whatever EXIF says about the camera', async () => {
    const wide = sharp({ create: { width: 80, height: 64, channels: 3, background: '#fff' } });
    const { width, height } = await decode(
      await wide.withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      'image/jpeg',
    );
    expect([width, height]).toEqual([80, 64]);
  });
});

describe('a picture is refused, with the rule,', () => {
  test('when its content is not what the content type says', async () => {
    const png = await picture('#fff').png().toBuffer();
    const jpeg = await picture('#fff').jpeg().toBuffer();
    expect(await refusal(png, 'image/jpeg')).toBe(
      'The content type says image/jpeg, but the body is image/png.',
    );
    expect(await refusal(jpeg)).toBe('The content type says image/png, but the body is image/jpeg.');
    expect(await refusal(await picture('#fff').webp().toBuffer())).toBe(
      'The body is neither a PNG nor a JPEG picture.',
    );
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>');
    expect(await refusal(svg)).toBe('The body is neither a PNG nor a JPEG picture.');
    expect(await refusal(new Uint8Array())).toBe('The body is empty; a picture is needed.');
  });

  test('when it is cut off or damaged', async () => {
    const noise = sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    });
    const png = await noise.clone().png().toBuffer();
    const jpeg = await noise.clone().jpeg().toBuffer();
    expect(await refusal(png.subarray(0, png.length / 2))).toContain(
      'The picture cannot be decoded as image/png: it is damaged or incomplete (',
    );
    expect(await refusal(jpeg.subarray(0, jpeg.length / 2), 'image/jpeg')).toContain(
      'The picture cannot be decoded as image/jpeg: it is damaged or incomplete (',
    );
    expect(await refusal(png.subarray(0, 12))).toMatch(/damaged or incomplete/);
    const broken = Buffer.from(png);
    broken.fill(0, 200, 400);
    expect(await refusal(broken)).toMatch(/damaged or incomplete/);
  });

  test('when it is too small, too large, or has too many bytes', async () => {
    expect(await refusal(await picture('#fff', undefined, 63).png().toBuffer())).toBe(
      'The picture is 63 x 63 pixels; each side must have 64 to 4096.',
    );
    expect(await refusal(await picture('#fff', undefined, 4097).png().toBuffer())).toBe(
      'The picture is 4097 x 4097 pixels; each side must have 64 to 4096.',
    );
    const heavy = Buffer.concat([await picture('#fff').jpeg().toBuffer(), Buffer.alloc(8 * 1024 * 1024)]);
    expect(await refusal(heavy, 'image/jpeg')).toMatch(
      /^The picture has \d+ bytes; at most 8388608 are accepted\.$/,
    );
  });

  test('when a header of a few bytes claims gigabytes, without decoding them', async () => {
    const header = Buffer.from([0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0]);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const parts = [
      signature,
      chunk('IHDR', header),
      chunk('IDAT', Buffer.alloc(30)),
      chunk('IEND', Buffer.alloc(0)),
    ];
    expect(await refusal(Buffer.concat(parts))).toBe(
      'The picture is 60000 x 60000 pixels; each side must have 64 to 4096.',
    );
  });

  test('when it is animated', async () => {
    const png = await picture('#fff').png().toBuffer();
    const animated = Buffer.concat([
      png.subarray(0, 33),
      chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])),
      png.subarray(33),
    ]);
    expect(await refusal(animated)).toBe('The picture is animated; a single picture is needed.');
  });
});

test('resizing gives exactly the size asked for, and nothing new where the size is right', async () => {
  const full = await decode(await picture('#0a141e', undefined, 100).png().toBuffer(), 'image/png');
  const small = await resizeTo(full, 30, 20);
  expect([small.width, small.height, small.rgb.length]).toEqual([30, 20, 1800]);
  expect([...small.rgb.subarray(900, 903)]).toEqual([10, 20, 30]);
  expect(await resizeTo(full, 100, 100)).toBe(full);
});
