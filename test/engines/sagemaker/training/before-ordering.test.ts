import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { LocationRefused } from '../../../../lambdas/domain/ports.ts';
import { EngineFailed } from '../../../../lambdas/engines/engine.ts';
import { BadSageMakerOption } from '../../../../lambdas/engines/sagemaker/hosting/options.ts';
import type { SageMakerTrainerOptions } from '../../../../lambdas/engines/sagemaker/training/options.ts';
import { trainingOn } from '../../../helpers/fake-sagemaker/hosting.ts';
import { headAndText } from '../../../helpers/picture-heads.ts';
import { example, failure, lines, put, setUp, spec } from './setup.ts';

describe('before anything is ordered', () => {
  test('a stage without an algorithm says what its operator must set', async () => {
    const { fake, objects } = setUp();
    const trainer = trainingOn(fake, objects, { algorithmArn: undefined } as never);
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(
      /no algorithm to train with\. Ask its operator .* to configure its ARN \(algorithmArn\)\.$/,
    );
    expect(fake.operations()).toEqual([]);
  });

  test('every picture that cannot be used is named, with its line and the rule, before anything is paid for', async () => {
    const { fake, trainer, objects } = setUp();
    const at = (key: string, place: string) => ({ ...example(key, 'normal'), place });
    objects.objects.set(
      'artifacts/lids/3-op/examples/train.jsonl',
      lines([
        example('1.jpg', 'normal'),
        at('gone.jpg', 'line 4 of the train dataset'),
        at('text.jpg', 'line 5 of the train dataset'),
        at('wide.jpg', 'line 6 of the train dataset'),
        at('cut.jpg', 'line 7 of the train dataset'),
        at('small.png', 'line 8 of the train dataset'),
        at('tail.jpg', 'line 9 of the train dataset'),
      ]),
    );
    objects.objects.set('pictures/text.jpg', Buffer.from('no picture'));
    objects.objects.set('pictures/wide.jpg', headAndText('image/jpeg', '', 128, 64));
    objects.objects.set('pictures/cut.jpg', headAndText('image/jpeg', '').subarray(0, 12));
    objects.objects.set('pictures/small.png', headAndText('image/png', '', 32, 64));
    objects.objects.set('pictures/tail.jpg', Buffer.from('ffd8ffd9ffd9ffd9ffd9ffd9', 'hex'));
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    const list = Buffer.from(
      objects.objects.get('artifacts/lids/3-0mf3k2xq9v7d1t5r8w4yzabcd/unfit-images.txt') ?? '',
    );
    expect(list.toString().trim().split('\n')).toEqual([
      'Line 4 of the train dataset: There is no object at s3://pictures/gone.jpg. Put the image back, or train with a dataset that does not name it.',
      'Line 5 of the train dataset: s3://pictures/text.jpg: The body is neither a PNG nor a JPEG picture.',
      'Line 7 of the train dataset: s3://pictures/cut.jpg: The picture ends before it tells its size.',
      'Line 8 of the train dataset: s3://pictures/small.png: The picture is 32 x 64 pixels; each side must have 64 to 4096.',
      expect.stringMatching(/^Line 9 .* cannot be decoded as image\/jpeg/),
      'Line 6 of the train dataset: s3://pictures/wide.jpg: The picture is 128 x 64 pixels; most are 96 x 64 pixels.',
    ]);
    expect(refused.message).toMatch(
      /^Images in the dataset must have the same dimensions\. Line 4 of the train /,
    );
    expect(refused.message).toMatch(
      / And 1 more\. .* All of them are listed in s3:\/\/artifacts\/\S+\/unfit-images\.txt\.$/,
    );
    expect(fake.operations().filter((operation) => operation.startsWith('Create'))).toEqual([]);
  });

  test('a mask that teaches nothing, or the wrong places, is named before anything is paid for', async () => {
    const { fake, trainer, objects } = setUp();
    const drawn = (colour: string, width = 96, height = 64): Promise<Buffer> =>
      sharp({ create: { width, height, channels: 3, background: colour } })
        .png()
        .toBuffer();
    const masks = {
      good: await drawn('#23a436'),
      colour: await drawn('#0000ff'),
      size: await drawn('#23a436', 64, 96),
      // A blank one may be of any size.
      blank: await drawn('#ffffff', 8, 8),
      text: Buffer.from('no picture'),
      gone: undefined,
    };
    const names = Object.keys(masks) as (keyof typeof masks)[];
    for (const name of names) {
      put(objects, `pictures/${name}.jpg`, '');
      const bytes = masks[name];
      if (bytes !== undefined) objects.objects.set(`masks/${name}.png`, bytes);
    }
    objects.objects.set(
      'artifacts/lids/3-op/examples/train.jsonl',
      lines(
        names.map((name) =>
          example(`${name}.jpg`, 'anomaly', {
            ref: `s3://masks/${name}.png`,
            classes: [{ name: 'cracked', color: '#23A436' }],
          }),
        ),
      ),
    );
    const refused = await failure(trainer.start(spec({ segmentation: true })));
    expect(refused).toBeInstanceOf(EngineFailed);
    for (const told of [
      'The mask of s3://pictures/colour.jpg cannot be used: the mask has a colour that its map does not list.',
      'The mask of s3://pictures/size.jpg has 64 x 96 pixels; its picture has 96 x 64 pixels.',
      'The mask of s3://pictures/text.jpg cannot be used: the mask is no PNG, or too large.',
      'There is no object at s3://masks/gone.png.',
    ])
      expect(refused.message).toContain(told);
    expect(refused.message).not.toMatch(/good|blank/);
    expect(fake.operations().filter((operation) => operation.startsWith('Create'))).toEqual([]);
  });

  test('a test picture that is not there is named', async () => {
    const { fake, trainer, objects } = setUp();
    objects.objects.delete('pictures/t/3.jpeg');
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(/^There is no object at s3:\/\/pictures\/t\/3\.jpeg\./);
    expect(fake.operations()).toEqual(['DescribeTrainingJob']);
  });

  test('so is one that may not be read, and one that cannot be copied just now is tried again', async () => {
    const { trainer, objects } = setUp();
    const copy = objects.copy.bind(objects);
    objects.copy = (from) =>
      Promise.reject(
        new LocationRefused(from, 'S3 refuses it to this deployment (AccessDenied: Access Denied)'),
      );
    const refused = await failure(trainer.start(spec()));
    expect(refused).toBeInstanceOf(EngineFailed);
    expect(refused.message).toMatch(
      /^s3:\/\/pictures\/t\/1\.jpg: S3 refuses it .* See that the bucket's policy/,
    );
    objects.copy = () =>
      Promise.reject(Object.assign(new Error('Please reduce your request rate.'), { name: 'SlowDown' }));
    expect((await failure(trainer.start(spec()))).name).toBe('SlowDown');
    objects.copy = copy;
    await trainer.start(spec());
  });

  test.each<[Partial<SageMakerTrainerOptions>, RegExp]>([
    [
      { training: { instanceType: 'ml.g4dn.2xlarge', volumeGigabytes: 0, maxSeconds: 1 } },
      /^training\.volumeGigabytes must be a whole number of 1 or more, not 0/,
    ],
    [
      { training: { instanceType: 'ml.g4dn.2xlarge', volumeGigabytes: 1, maxSeconds: 3_000_000 } },
      /^training\.maxSeconds must be a whole number from 1 to 2419200/,
    ],
    [{ stage: 'Production' }, /^stage must be/],
    [{ artifacts: { bucket: 'a', prefix: '/x' } }, /^artifacts\.prefix must be/],
  ])('options %j are refused', (more, message) => {
    expect(() => setUp(more)).toThrow(BadSageMakerOption);
    expect(() => setUp(more)).toThrow(message);
  });
});
