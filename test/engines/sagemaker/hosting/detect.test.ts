import { beforeEach, describe, expect, test } from '@jest/globals';
import { EngineBusy, NotHosted, type HostingEngine } from '../../../../lambdas/engines/engine.ts';
import { PictureRefused } from '../../../../lambdas/domain/verdict.ts';
import { readAnswer, UnknownAnswer } from '../../../../lambdas/engines/sagemaker/hosting/answers.ts';
import { minutes } from '../../../helpers/fake-sagemaker/clock.ts';
import type { FakeSageMaker } from '../../../helpers/fake-sagemaker/fake.ts';
import { ServiceError } from '../../../helpers/fake-sagemaker/service-error.ts';
import { engineOn, name, ref, setUp, spec } from './setup.ts';

const picture = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0xff, 0xfe]);
/** One black point. */
const mask = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC';

let fake: FakeSageMaker;
let engine: HostingEngine;

beforeEach(async () => {
  ({ fake, engine } = setUp());
  await engine.create(spec());
  fake.clock.pass(minutes(5));
  fake.takeOperations();
});

const detect = (): Promise<unknown> => engine.detect(ref, picture, 'image/png');
const failure = (): Promise<Error> =>
  detect().then(
    () => new Error('nothing failed'),
    (error: unknown) => error as Error,
  );

test('one call carries the picture as it is', async () => {
  let got: unknown;
  fake.container = (bytes, type) => {
    got = { bytes: [...bytes], type };
    return { body: '{"Source":{"Type":"direct"},"IsAnomalous":false,"Confidence":0.99}' };
  };
  expect(await detect()).toEqual({ isAnomalous: false, confidence: 0.99 });
  expect(got).toEqual({ bytes: [...picture], type: 'image/png' });
  expect(fake.calls).toEqual([
    expect.objectContaining({
      operation: 'InvokeEndpoint',
      input: { EndpointName: name, ContentType: 'image/png', bytes: 7 },
    }),
  ]);
});

describe('errors', () => {
  test.each([
    [
      400,
      'image must be 640 x 480',
      PictureRefused,
      'The model refuses the picture: image must be 640 x 480',
    ],
    [415, 'not an image', PictureRefused, 'The model refuses the picture: not an image'],
    [429, 'queue is full', EngineBusy, 'The model is busy. Try again.'],
    [503, 'no worker', EngineBusy, 'The model is busy. Try again.'],
  ])('of the container: %i', async (status, body, type, message) => {
    fake.container = () => ({ status, body });
    const error = await failure();
    expect(error).toBeInstanceOf(type);
    expect(error.message).toBe(message);
  });

  test('of the container: 500 and a time-out are its own', async () => {
    for (const status of [500, 0]) {
      fake.container = () => ({ status, body: 'boom' });
      expect((await failure()).name).toBe('ModelError');
    }
  });

  test.each([
    ['throttled' as const, EngineBusy],
    [new ServiceError('ModelNotReadyException', 'not ready', 429), EngineBusy],
    [new ServiceError('ServiceUnavailable', 'later', 503), EngineBusy],
    [new ServiceError('ValidationError', 'Endpoint x of account 1 not found.'), NotHosted],
  ])('of the service: %s', async (fault, type) => {
    fake.inject('InvokeEndpoint', fault);
    expect(await failure()).toBeInstanceOf(type);
  });

  test.each([
    new ServiceError('ValidationError', 'Something else.'),
    new ServiceError('InternalFailure', 'oops', 500),
    new ServiceError('InternalDependencyException', 'oops', 530),
  ])('of the service that stay what they are: %s', async (fault) => {
    fake.inject('InvokeEndpoint', fault);
    expect((await failure()).name).toBe(fault.type);
  });

  test('before it serves, while it goes, and after', async () => {
    const other = setUp();
    await other.engine.create(spec());
    await expect(other.engine.detect(ref, picture, 'image/png')).rejects.toThrow(NotHosted);
    await engine.remove(ref);
    expect(await failure()).toBeInstanceOf(NotHosted);
  });

  test('no answer in time is as good as busy', async () => {
    const impatient = engineOn(fake, { answerWithin: 20 });
    fake.inject('InvokeEndpoint', 'silent');
    const error = await impatient.detect(ref, picture, 'image/png').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineBusy);
    expect(error).toMatchObject({ message: expect.stringContaining('within 0.02 seconds'), retryAfter: 5 });
  });

  test('a picture that no endpoint takes is not sent', async () => {
    await expect(engine.detect(ref, new Uint8Array(6_291_457), 'image/jpeg')).rejects.toThrow(
      /6291457 bytes; .* at most 6291456/,
    );
    expect(fake.calls).toEqual([]);
  });
});

describe('answers', () => {
  const read = (answer: unknown) =>
    readAnswer(new TextEncoder().encode(typeof answer === 'string' ? answer : JSON.stringify(answer)));
  const anomalies = [
    { name: 'background', area: 0.9, color: '#FFFFFF' },
    { name: 'cracked', area: 0.1, color: '#23A436' },
  ];
  const bytes = new Uint8Array(Buffer.from(mask, 'base64'));
  const bare = {
    Source: { Type: 'direct' },
    IsAnomalous: true,
    Confidence: 0.98,
    Anomalies: [
      { Name: 'background', PixelAnomaly: { TotalPercentageArea: 0.9, Color: '#FFFFFF' } },
      { Name: 'cracked', PixelAnomaly: { TotalPercentageArea: 0.1, Color: '#23A436' } },
    ],
    AnomalyMask: mask,
  };

  test.each([
    ['bare', bare],
    ['wrapped', { DetectAnomalyResult: bare }],
    ['in a list of one', [bare]],
    [
      'as the edge runtime names things',
      {
        label: 'Anomaly',
        confidence: 0.98,
        mask,
        anomalies: [
          { name: 'cracked', total_percentage_area: 0.1, hex_color: '23A436' },
          { name: 'background', total_percentage_area: 0.9, hex_color: '#FFFFFF' },
        ],
      },
    ],
    [
      'in lower case, with percentages',
      {
        is_anomalous: true,
        confidence: 0.98,
        anomaly_mask: `data:image/png;base64,${mask}`,
        anomalies: [
          { name: 'background', pixel_anomaly: { total_percentage_area: 90, hex_color: '#FFFFFF' } },
          { name: 'cracked', pixel_anomaly: { total_percentage_area: 10, hex_color: '#23A436' } },
        ],
      },
    ],
  ])('%s', (_, answer) => {
    expect(read(answer)).toEqual({ isAnomalous: true, confidence: 0.98, anomalies, mask: bytes });
  });

  test('a background that is not mentioned is what the others leave', () => {
    const { anomalies: found } = read({
      label: 'normal',
      score: 0.5,
      anomalies: [{ name: 'bent', total_percentage_area: 0.25 }],
    });
    expect(found).toEqual([
      { name: 'background', area: 0.75, color: '#FFFFFF' },
      { name: 'bent', area: 0.25, color: '#000000' },
    ]);
  });

  test.each([
    ['<html>', /6 bytes that are not JSON/],
    [[1, 2], /not an object/],
    ['null', /not an object/],
    [{ Confidence: 1 }, /neither IsAnomalous nor a label: it has the members Confidence/],
    [{ IsAnomalous: 'perhaps', Confidence: 1 }, /neither/],
    [{ IsAnomalous: true }, /no Confidence/],
    [{ IsAnomalous: true, Confidence: 97 }, /no Confidence between 0 and 1/],
    [{ IsAnomalous: true, Confidence: 1, Anomalies: {} }, /must be a list/],
    [{ IsAnomalous: true, Confidence: 1, Anomalies: [{ Name: 'x' }] }, /TotalPercentageArea/],
    [{ IsAnomalous: true, Confidence: 1, AnomalyMask: 'R0lGODlh' }, /must be a PNG/],
  ])('that are no verdict: %j', (answer, message) => {
    const act = () => read(answer);
    expect(act).toThrow(UnknownAnswer);
    expect(act).toThrow(message);
  });
});
