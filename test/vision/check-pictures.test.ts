import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { MixedSizes, PicturesUnfit, TrainingFailed } from '../../lambdas/vision/fitting/failures.ts';
import { checkPictures } from '../../lambdas/vision/pictures/check-pictures.ts';
import type { LabelledPicture } from '../../lambdas/vision/pictures/training-pictures.ts';

const plain = (width = 96, height = 64) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });
const png = await plain().png().toBuffer();
const of = (id: string, bytes: Uint8Array, more: Partial<LabelledPicture> = {}): LabelledPicture => ({
  id,
  label: 'normal',
  load: () => Promise.resolve(bytes),
  ...more,
});
const masked = (bytes: Uint8Array): Partial<LabelledPicture> => ({
  label: 'anomaly',
  mask: { load: () => Promise.resolve(bytes), colours: [{ className: 'bent', hexColor: '#0000ff' }] },
});
const blue = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#0000ff' } })
    .png()
    .toBuffer();
const failure = (pictures: LabelledPicture[]): Promise<TrainingFailed> =>
  checkPictures(pictures).then(
    () => new TrainingFailed('nothing was wrong'),
    (error: unknown) => error as TrainingFailed,
  );

test('content counts, not names: a PNG that is called .jpg is a PNG', async () => {
  await expect(checkPictures([of('a.jpg', png), of('b.png', await plain().jpeg().toBuffer())])).resolves.toBe(
    undefined,
  );
});

test('everything that is unfit is told at once, each with its picture', async () => {
  const pictures = [
    of('good.png', png),
    of('also.png', png),
    of('text.png', Buffer.from('no picture')),
    of('half.png', png.subarray(0, 60)),
    of('wide.png', await plain(128, 64).png().toBuffer()),
    of('turned.jpg', await plain(64, 96).jpeg().withMetadata({ orientation: 6 }).toBuffer()),
    of('mask.png', png, masked(await blue(64, 96))),
    of('colour.png', png, masked(png)),
  ];
  const found = await failure(pictures);
  expect(found).toBeInstanceOf(MixedSizes);
  expect(found.details).toEqual([
    'text.png: The body is neither a PNG nor a JPEG picture.',
    expect.stringMatching(/^half\.png: The picture cannot be decoded as image\/png/),
    'wide.png: The picture is 128 x 64 pixels; most are 96 x 64 pixels.',
    'turned.jpg: The picture is 64 x 96 pixels, which EXIF orientation 6 shows as 96 x 64; most are 96 x 64 pixels.',
    expect.stringMatching(/^The mask of mask\.png has 64 x 96 pixels; its picture has 96 x 64 pixels\./),
    "The mask of colour.png has the colour #808080, which its colour map doesn't list.",
  ]);
  expect(found.message).toMatch(/^Images in the dataset must have the same dimensions\. text\.png: /);
  expect(found.message).toMatch(
    / And 1 more\. Replace what is named, or take its lines out of the dataset; /,
  );
});

test('a message stays short, however many are unfit', async () => {
  const found = await failure(Array.from({ length: 500 }, (_, at) => of(`${at}.png`, Buffer.from('no'))));
  expect(found).toBeInstanceOf(PicturesUnfit);
  expect(found.details).toHaveLength(500);
  expect(found.message.length).toBeLessThan(600);
  expect(found.message).toMatch(/ And 495 more\. Replace /);
});

test('where the line is known it is told, also of a picture that is not there', async () => {
  const found = await failure([
    of('good.png', png),
    of('text.png', Buffer.from('no picture'), { place: 'line 7 of the train dataset' }),
    of('gone.png', png, {
      place: 'line 2 of the test dataset',
      load: () => Promise.reject(new TrainingFailed('There is no object at gone.png.')),
    }),
    of('mask.png', png, { ...masked(await blue(64, 96)), place: 'line 9 of the train dataset' }),
  ]);
  expect(found).toBeInstanceOf(PicturesUnfit);
  expect(found.details).toEqual([
    'Line 7 of the train dataset: text.png: The body is neither a PNG nor a JPEG picture.',
    'Line 2 of the test dataset: There is no object at gone.png.',
    expect.stringMatching(/^Line 9 of the train dataset: The mask of mask\.png has 64 x 96 pixels/),
  ]);
});

test('what is no fault of a picture is no failure of the training', async () => {
  const broken = of('busy.png', png, { load: () => Promise.reject(new Error('the disk is busy')) });
  await expect(checkPictures([of('good.png', png), broken])).rejects.toThrow('the disk is busy');
});
