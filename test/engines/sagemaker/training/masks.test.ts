import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import {
  compare,
  MaskUnreadable,
  readClasses,
  type ClassMap,
} from '../../../../lambdas/engines/sagemaker/training/masks.ts';
import { textOf } from '../../../helpers/picture-heads.ts';
import { example, lines, put, resultsOf, setUp, spec, test4, walk } from './setup.ts';
import { where } from '../../../helpers/where.ts';

const green = '#23A436';
const blue = '#0000FF';
const map = [
  { color: green, number: 1 },
  { color: blue, number: 2 },
];

/** A picture of characters: `.` white, `g` and `b` the colours, `t` green and transparent, `r` red. */
const raw = (rows: readonly string[], channels: 3 | 4 = 3) => {
  const colours: Record<string, readonly number[]> = {
    '.': [255, 255, 255, 255],
    g: [0x23, 0xa4, 0x36, 255],
    b: [0, 0, 255, 255],
    t: [0x23, 0xa4, 0x36, 100],
    r: [255, 0, 0, 255],
  };
  const bytes = rows.flatMap((row) =>
    row.split('').flatMap((each) => (colours[each] ?? []).slice(0, channels)),
  );
  return sharp(Uint8Array.from(bytes), {
    raw: { width: rows[0]?.length ?? 0, height: rows.length, channels },
  });
};

const drawn = ({ classes, width }: ClassMap): string[] =>
  Array.from({ length: classes.length / width }, (_, row) =>
    [...classes.subarray(row * width, (row + 1) * width)].map((each) => '.gb'[each]).join(''),
  );

const rows = ['..gg.b...', '..gg.b...', '.........'];

describe('a mask is read', () => {
  test.each([
    ['with 8 bits of each colour', {}],
    ['interlaced', { progressive: true }],
    ['with a palette', { palette: true }],
    ['with a packed palette', { palette: true, colours: 4 }],
  ])('%s', async (_, options) => {
    expect(drawn(readClasses(await raw(rows).png(options).toBuffer(), map))).toEqual(rows);
  });

  test('with 16 bits of each colour', async () => {
    expect(drawn(readClasses(await raw(rows).toColourspace('rgb16').png().toBuffer(), map))).toEqual(rows);
  });

  test.each([[{}], [{ palette: true }]])(
    'with alpha, where what is more transparent than not is background: %j',
    async (options) => {
      expect(drawn(readClasses(await raw(['.gt', 'bbt'], 4).png(options).toBuffer(), map))).toEqual([
        '.g.',
        'bb.',
      ]);
    },
  );

  test('in black and white', async () => {
    const png = await raw(['..g.']).threshold(250).toColourspace('b-w').png().toBuffer();
    expect([...readClasses(png, [{ color: '#000000', number: 1 }]).classes]).toEqual([0, 0, 1, 0]);
  });
});

const cookies = fileURLToPath(new URL('../../../../../shared/data/cookies/mask-images', import.meta.url));

where(existsSync(cookies), 'the sample pictures of the original').test(
  "the masks of AWS's sample show cracks, and no colour that their maps do not list",
  () => {
    const shares = readdirSync(cookies)
      .sort()
      .slice(0, 4)
      .map((file) => {
        const { classes } = readClasses(readFileSync(join(cookies, file)), [{ color: green, number: 1 }]);
        return classes.reduce((sum, each) => sum + each, 0) / classes.length;
      });
    expect(shares).toHaveLength(4);
    expect(shares.filter((share) => share <= 0.0005 || share > 0.2)).toEqual([]);
  },
);

describe('it cannot be said what a mask shows', () => {
  test('that has a colour which its map does not list', async () => {
    expect(() => readClasses(new Uint8Array(0), map)).toThrow(MaskUnreadable);
    const png = await raw(['.gr']).png().toBuffer();
    expect(() => readClasses(png, map)).toThrow('the mask has a colour that its map does not list');
  });

  test('that is a JPEG, or cut off, or claims to be larger than pictures are', async () => {
    expect(() => readClasses(Buffer.alloc(100, 1), map)).toThrow('the mask is no PNG, or too large');
    const png = await raw(rows).png().toBuffer();
    expect(() => readClasses(png.subarray(0, png.length - 20), map)).toThrow(MaskUnreadable);
    const large = Buffer.from(png);
    large.writeUInt32BE(4097, 16);
    expect(() => readClasses(large, map)).toThrow('the mask is no PNG, or too large');
  });
});

describe('what was found is compared with what is there', () => {
  const read = async (...drawing: string[]) => readClasses(await raw(drawing).png().toBuffer(), map);
  const none = () => [
    { hits: 0, strays: 0, misses: 0 },
    { hits: 0, strays: 0, misses: 0 },
  ];

  test('pixel by pixel, class by class', async () => {
    const counts = none();
    compare(await read('gggb', '....'), await read('.ggg', '..bb'), counts);
    // Two of three green ones are found, and one that is blue; two blue ones are found where there is
    // nothing, and the one there is not.
    expect(counts).toEqual([
      { hits: 2, strays: 1, misses: 1 },
      { hits: 0, strays: 2, misses: 1 },
    ]);
  });

  test('also where nothing is to be seen, or nothing was', async () => {
    const counts = none();
    compare(undefined, await read('gb.'), counts);
    compare(await read('bb.'), undefined, counts);
    compare(undefined, undefined, counts);
    expect(counts).toEqual([
      { hits: 0, strays: 1, misses: 0 },
      { hits: 0, strays: 1, misses: 2 },
    ]);
  });

  test('on the grid of what is there, if the sizes differ', async () => {
    const counts = none();
    compare(await read('gg..', 'gg..'), await read('g.'), counts);
    expect(counts[0]).toEqual({ hits: 4, strays: 0, misses: 0 });
  });
});

describe('a segmentation', () => {
  /** A drawing of the pictures' size: a mask that shows something must have it. */
  const large = (drawing: readonly string[]) =>
    raw(drawing).resize(96, 64, { fit: 'fill', kernel: 'nearest' });
  const cracked = (number: number) => ({
    ref: `s3://masks/${number}.png`,
    classes: [{ name: 'cracked', color: green }],
  });
  const answer = (anomalous: boolean, more: object) =>
    JSON.stringify({ IsAnomalous: anomalous, Confidence: 0.9, ...more });
  const marks = async (...drawing: string[]) => ({
    Anomalies: [
      { Name: 'background', PixelAnomaly: { TotalPercentageArea: 0.5, Color: '#FFFFFF' } },
      { Name: 'cracked', PixelAnomaly: { TotalPercentageArea: 0.25, Color: blue } },
    ],
    AnomalyMask: (await large(drawing).png().toBuffer()).toString('base64'),
  });
  const clean = {
    Anomalies: [{ Name: 'background', PixelAnomaly: { TotalPercentageArea: 1, Color: '#FFFFFF' } }],
  };

  /** The model's answer to each test picture is the picture. @returns figures per class */
  async function figures(answers: readonly string[], more: { readonly mask?: Uint8Array } = {}) {
    const setting = setUp();
    setting.fake.container = (bytes) => ({ body: textOf(bytes) });
    test4.forEach(([key], index) => put(setting.objects, `pictures/${key}`, answers[index] ?? ''));
    for (const number of [1, 2])
      setting.objects.objects.set(
        `masks/${number}.png`,
        more.mask ?? (await large(['gg..']).png({ palette: true }).toBuffer()),
      );
    const masked = test4.map(([key, label], index) =>
      example(key, label, label === 'anomaly' ? cracked(index + 1) : undefined),
    );
    setting.objects.objects.set('artifacts/lids/3-op/examples/test.jsonl', lines(masked));
    setting.objects.objects.set(
      'artifacts/lids/3-op/examples/train.jsonl',
      lines([example('1.jpg', 'normal'), example('2.jpg', 'anomaly', cracked(1))]),
    );
    await setting.trainer.start(spec({ segmentation: true }));
    setting.objects.objects.delete('masks/2.png'); // ours was taken
    const last = (await walk(setting, spec({ segmentation: true }))).at(-1);
    expect(last).toMatchObject({ state: 'trained' });
    return resultsOf(setting);
  }

  test('is judged by its masks too, whatever colours the model paints in', async () => {
    const { classes, f1Score } = await figures([
      answer(true, await marks('bb..')),
      answer(true, await marks('b.b.')),
      answer(false, clean),
      answer(false, await marks('...b')),
    ]);
    // Three of four pixels are found, and one too many on an anomaly and one on a normal picture.
    expect(classes).toEqual([
      { name: 'cracked', precision: 3 / 5, recall: 3 / 4, f1Score: 6 / 9, iou: 3 / 6 },
    ]);
    expect(f1Score).toBe(1);
  });

  test('leaves a picture out whose mask, as the model paints it, cannot be read', async () => {
    const red = { ...(await marks('r...')) };
    const { classes } = await figures([
      answer(true, await marks('bb..')),
      answer(true, red),
      answer(false, {}),
      answer(false, clean),
    ]);
    expect(classes).toEqual([{ name: 'cracked', precision: 1, recall: 1, f1Score: 1, iou: 1 }]);
  });

  test('does not begin with a mask that cannot be read', async () => {
    const unreadable = figures([answer(true, {}), answer(true, {}), answer(false, {}), answer(false, {})], {
      mask: await large(['rr..']).png().toBuffer(),
    });
    await expect(unreadable).rejects.toThrow('the mask has a colour that its map does not list');
  });

  test('has no figures per class if the model says nothing of where it looked', async () => {
    const results = await figures([answer(true, {}), answer(true, {}), answer(false, {}), answer(false, {})]);
    expect(results).not.toHaveProperty('classes');
    expect(results.f1Score).toBe(1);
  });
});
