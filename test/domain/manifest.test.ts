import { describe, expect, test } from '@jest/globals';
import { BadLineAt, readLines, type Line } from '../../lambdas/domain/lines.ts';
import { parseCreationDate } from '../../lambdas/domain/manifest-dates.ts';
import { parseEntry } from '../../lambdas/domain/manifest.ts';

const about = (className: unknown, more: object = {}) => ({
  'class-name': className,
  'human-annotated': 'yes',
  type: 'groundtruth/image-classification',
  ...more,
});
const parse = (members: object) =>
  parseEntry(JSON.stringify({ 'source-ref': 's3://photos/a.jpg', ...members }));
const kept = (members: object): unknown => JSON.parse(parse(members)?.text ?? 'null');

describe('labels', () => {
  test.each([
    ['anomaly-label', 1, 'anomaly', 'anomaly', 1],
    ['auto-label', 1, 'normal', 'normal', 0], // the Lab's convention is the other way round: only the class decides
    ['auto-label', 0, 'anomaly', 'anomaly', 1],
    ['any name at all', '1', 'Anomaly', 'anomaly', 1],
    ['anomaly-label', '0', ' NORMAL', 'normal', 0],
  ])('%s = %j with class %j is %s, and is kept as %d', (name, value, className, label, normalised) => {
    const line = { [name]: value, [`${name}-metadata`]: about(className) };
    expect(parse(line)?.label).toBe(label);
    expect(kept(line)).toEqual({
      'source-ref': 's3://photos/a.jpg',
      [name]: normalised,
      [`${name}-metadata`]: about(label),
    });
  });

  test.each([
    ['nothing else', {}],
    ['another class', { 'anomaly-label': 1, 'anomaly-label-metadata': about('cracked') }],
    ['a class that is no text', { 'anomaly-label': 1, 'anomaly-label-metadata': about(1) }],
    ['a label without metadata', { 'anomaly-label': 1 }],
    ['metadata of the picture', { 'source-ref-metadata': { 'creation-date': '2022-01-01' } }],
  ])('%s: not labelled, and kept as it is', (_, line) => {
    expect(parse(line)).not.toHaveProperty('label');
    expect(kept(line)).toEqual({ 'source-ref': 's3://photos/a.jpg', ...line });
  });

  test('what another job than a classification said is no label', () => {
    const line = {
      verified: 0,
      'verified-metadata': about('anomaly', { type: 'groundtruth/label-verification' }),
      'anomaly-label': 0,
      'anomaly-label-metadata': about('normal'),
    };
    expect(parse(line)?.label).toBe('normal');
    expect(parse({ verified: 0, 'verified-metadata': line['verified-metadata'] })).not.toHaveProperty(
      'label',
    );
  });

  test('of several labels by humans the newest counts; without dates those that contradict each other are refused', () => {
    const two = (first: object, second: object): object => ({
      a: 0,
      'a-metadata': about('normal', first),
      b: 1,
      'b-metadata': about('anomaly', second),
    });
    const fresh = (members: object) =>
      parseEntry(JSON.stringify({ 'source-ref': 's3://photos/a.jpg', ...members }), ['photos']);
    const [old, recent] = [{ 'creation-date': '2021-01-01' }, { 'creation-date': '2022-01-01' }];
    expect(fresh(two(old, recent))?.label).toBe('anomaly');
    expect(fresh(two(recent, old))?.label).toBe('normal');
    for (const line of [two({}, {}), two(old, {}), two({}, old), two(old, old)]) {
      expect(() => fresh(line)).toThrow(
        /^"[ab]" says (normal|anomaly) and "[ab]" says (normal|anomaly), and no "creation-date" tells which is newer; keep one of them$/,
      );
      expect(parse(line)?.label).toBeDefined(); // accepted before: it must not break what was made of it
    }
    expect(fresh({ ...two({}, {}), 'b-metadata': about('normal') })?.label).toBe('normal');
  });

  test("a bucket is named only if the stage's list has it, and the caller's own", () => {
    const at = (bucket: string) => JSON.stringify({ 'source-ref': `s3://${bucket}/a.jpg` });
    expect(parseEntry(at('lab-1'), ['lab-*'], ['*'])).toBeDefined();
    expect(() => parseEntry(at('secrets'), ['lab-*'], ['*'])).toThrow(
      "names bucket 'secrets', which is none of those that this deployment may use: [lab-*]",
    );
    expect(() => parseEntry(at('lab-1'), ['lab-*'], ['lab-2'])).toThrow(
      "names bucket 'lab-1', which is none of those that the caller's key may use: [lab-2]",
    );
  });

  test('what a human said counts, not what a model found', () => {
    expect(
      parse({
        'anomaly-label-detected': 1,
        'anomaly-label-detected-metadata': about('anomaly', { 'human-annotated': 'no' }),
        'anomaly-label': 0,
        'anomaly-label-metadata': about('normal'),
      })?.label,
    ).toBe('normal');
  });

  // What was read must be written again, and to write such a line takes more stack than there is.
  test.each([
    ['lists', '['.repeat(30_000), ']'.repeat(30_000)],
    ['objects', '{"a":'.repeat(30_000), `1${'}'.repeat(30_000)}`],
  ])('%s within %s without end are refused', (_, opening, closing) =>
    expect(() => parseEntry(`{"source-ref":"s3://photos/a.jpg","x":${opening}${closing}}`)).toThrow(
      'it has more than 32 levels of objects and lists',
    ),
  );

  test('a key that S3 could not have is refused, by its bytes', () => {
    expect(parse({ 'source-ref': `s3://photos/${'a'.repeat(1024)}` })).toBeDefined();
    expect(() => parse({ 'source-ref': `s3://photos/${'é'.repeat(513)}` })).toThrow(
      '"source-ref" names a key of 1026 bytes; keys have at most 1024',
    );
  });

  test('a folder is no picture', () =>
    expect(parseEntry('{"source-ref":"s3://photos/train/normal/"}')).toBeUndefined());
});

describe('masks', () => {
  const map = { 0: { 'class-name': 'cracked', 'hex-color': '#23A436' } };
  const mask = (members: object) =>
    parse({
      'anomaly-mask-ref': 's3://photos/m.png',
      'anomaly-mask-ref-metadata': { type: 'groundtruth/semantic-segmentation', ...members },
    });

  test('the official map, which has no background', () =>
    expect(mask({ 'internal-color-map': map })?.mask).toEqual({
      ref: 's3://photos/m.png',
      classes: [{ name: 'cracked', color: '#23A436' }],
    }));
  test('the documented one, which has', () =>
    expect(
      mask({
        'internal-color-map': {
          0: { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff', confidence: 0 },
          1: { 'class-name': 'bent', 'hex-color': '#2ca02c' },
        },
      })?.mask?.classes,
    ).toEqual([{ name: 'bent', color: '#2ca02c' }]));
  test('a dummy for a normal picture shows nothing', () =>
    expect(
      mask({ 'internal-color-map': { 0: { 'class-name': 'BACKGROUND', 'hex-color': '#ffffff' } } })?.mask
        ?.classes,
    ).toEqual([]));

  test.each([
    [
      'no map',
      { 'm-ref': 's3://photos/m.png', 'm-ref-metadata': { type: 'groundtruth/semantic-segmentation' } },
      '"internal-color-map" of "m-ref-metadata" must be an object',
    ],
    ['no mask', { 'm-ref-metadata': { 'internal-color-map': map } }, '"m-ref" is missing'],
    [
      'a mask elsewhere',
      { 'm-ref': 'masks/m.png', 'm-ref-metadata': { 'internal-color-map': map } },
      '"m-ref" is \'masks/m.png\'; it must be s3://BUCKET/KEY',
    ],
    [
      'another name',
      { mask: 's3://photos/m.png', 'mask-metadata': { 'internal-color-map': map } },
      '"mask" is a mask; its name must end with -ref',
    ],
    [
      'no colour',
      {
        'm-ref': 's3://photos/m.png',
        'm-ref-metadata': { 'internal-color-map': { 7: { 'class-name': 'bent' } } },
      },
      'entry "7" of "internal-color-map"',
    ],
    ['no object', { 'l-metadata': 'x' }, '"l-metadata" must be an object'],
  ])('%s is a bad line', (_, line, reason) => expect(() => parse(line)).toThrow(reason));
});

test.each([
  ['2020-11-10T03:37:09', '2020-11-10T03:37:09.000Z'],
  ['2020-11-10T03:37:09.600', '2020-11-10T03:37:09.600Z'],
  ['2020-11-10T03:37:09.600123', '2020-11-10T03:37:09.600Z'],
  ['2022-08-22T20:52:51.851Z', '2022-08-22T20:52:51.851Z'],
  ['2022-08-22T13:52:51-0700', '2022-08-22T20:52:51.000Z'],
  ['2022-08-22 13:52', '2022-08-22T13:52:00.000Z'],
  ['2022-08-22', '2022-08-22T00:00:00.000Z'],
  ['Mon Aug 22 2022 13:52:52 GMT-0700 (Pacific Daylight Time)', '2022-08-22T20:52:52.000Z'],
  ['Mon Aug 22 2022 13:52:52', '2022-08-22T13:52:52.000Z'],
  ['labelling day 1', undefined],
  ['', undefined],
  [1_600_000_000, undefined],
  ['2022-13-45T00:00:00', undefined],
])('the date %j', (text, expected) => {
  const date = parseCreationDate(text);
  expect(date === undefined ? undefined : new Date(date).toISOString()).toBe(expected);
});

describe('lines', () => {
  async function* cut(text: Buffer, size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += size) yield await Promise.resolve(text.subarray(at, at + size));
  }
  async function all(text: string | Buffer, size: number, from = { offset: 0, lines: 0 }): Promise<Line[]> {
    const found: Line[] = [];
    for await (const line of readLines(cut(Buffer.from(text).subarray(from.offset), size), from))
      found.push(line);
    return found;
  }

  test.each([1, 2, 7, 100])('cut every %d bytes, with every kind of end', async (size) => {
    const text = '\uFEFF{"a":"é"}\r\n\n{"b":"𝒳"}\nlast';
    const found = await all(text, size);
    expect(found.map(({ text: line, number }) => [number, line])).toEqual([
      [1, '{"a":"é"}'],
      [2, ''],
      [3, '{"b":"𝒳"}'],
      [4, 'last'],
    ]);
    expect(found.at(-1)?.end).toBe(Buffer.byteLength(text));
    const second = found[1] as Line;
    // as a later step goes on
    expect(await all(text, size, { offset: second.end, lines: second.number })).toEqual(found.slice(2));
  });

  test('what is no text is told with its line', () =>
    expect(all(Buffer.from([0x61, 0x0a, 0xff, 0x0a]), 3)).rejects.toThrow(
      new BadLineAt(2, 'it is not UTF-8'),
    ));
});
