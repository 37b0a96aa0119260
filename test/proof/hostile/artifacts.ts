import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { PictureRefused } from '../../../lambdas/domain/verdict.ts';
import type { Model } from '../../../lambdas/domain/model.ts';
import { graphProblems } from '../../../lambdas/vision/onnx/graph-check.ts';
import { colourGraph, colourManifest, json, picture } from '../../helpers/artifacts.ts';
import { openBench, type Bench } from '../../helpers/engine.ts';
import { chance, type Chance } from '../random.ts';

export interface ArtifactReport {
  readonly pictures: { readonly judged: number; readonly refused: number };
  readonly models: { readonly admitted: number; readonly refused: number };
  readonly graphs: number;
  readonly wrong: readonly string[];
}

/**
 * Hostile pictures for a real unit, and hostile artifacts for the real import, until `until` (epoch
 * milliseconds).
 */
export async function feed(
  most: { readonly pictures: number; readonly models: number; readonly graphs: number },
  until: number,
  seed: number,
): Promise<ArtifactReport> {
  const random = chance(seed);
  const bench = await openBench();
  const wrong: string[] = [];
  const pictures = { judged: 0, refused: 0 };
  const models = { admitted: 0, refused: 0 };
  try {
    for (let graph = 0; graph < most.graphs; graph += 1) {
      const bytes = mutated(colourGraph(), random);
      try {
        graphProblems(bytes);
      } catch (error) {
        wrong.push(`a graph of ${bytes.length} bytes ended the inspection: ${String(error)}`);
      }
    }
    const spec = bench.deployment('d1', colourGraph(), colourManifest, { min: 1 });
    await bench.engine.create(spec);
    await bench.ready(spec);
    const before = [...bench.pids].join();
    const seeds = await good();
    const bad = [...(await bombs()), ...seeds];
    for (let index = 0; index < most.pictures && Date.now() < until; index += 1) {
      const bytes = index < bad.length ? (bad[index] as Uint8Array) : mutated(random.of(seeds), random);
      try {
        await bench.engine.detect(spec, bytes, random.of(['image/png', 'image/jpeg']));
        pictures.judged += 1;
      } catch (error) {
        if (error instanceof PictureRefused) pictures.refused += 1;
        else
          wrong.push(
            `picture ${index}, ${bytes.length} bytes, ${Buffer.from(bytes.subarray(0, 24)).toString('hex')}: ${String(error)}`,
          );
      }
    }
    if ([...bench.pids].join() !== before) wrong.push('a picture ended the unit that judged it');
    for (let index = 0; index < most.models && Date.now() < until; index += 1) {
      const outcome = await admit(bench, random, index);
      if (outcome === 'admitted' || outcome === 'refused') models[outcome] += 1;
      else wrong.push(outcome);
    }
  } finally {
    await bench.end();
  }
  return { pictures, models, graphs: most.graphs, wrong };
}

async function admit({ engine, objects }: Bench, random: Chance, index: number): Promise<string> {
  objects.objects.set('in/model.onnx', index % 2 === 0 ? mutated(colourGraph(), random) : colourGraph());
  objects.objects.set('in/model.json', index % 2 === 0 ? json(colourManifest) : hostileManifest(random));
  const model: Model = {
    v: 1,
    project: 'parts',
    version: String(index + 1),
    createdAt: 0,
    status: 'TRAINING',
    statusMessage: '',
    source: { S3: { Bucket: 'in', Prefix: '' } },
    operation: { id: `o${index}`, attempt: 1, kind: 'import', actor: 'a', at: 0, deadline: 0 },
  };
  try {
    const admission = await engine.admit(model);
    if (admission.admitted === true) return 'admitted';
    return admission.admitted === false && admission.reason.length > 10 && admission.reason.length < 4000
      ? 'refused'
      : `artifact ${index} was ${JSON.stringify(admission).slice(0, 300)}`;
  } catch (error) {
    return `artifact ${index} was not told what is wrong with it: ${String(error)}`;
  }
}

function hostileManifest(random: Chance): Uint8Array {
  const value = structuredClone(colourManifest) as unknown as Record<string, unknown>;
  const name = random.of(Object.keys(value));
  value[name] = random.of<unknown>([
    null,
    -1,
    1e9,
    '',
    '../../x',
    [],
    {},
    [[[[]]]],
    'x'.repeat(10_000),
    { name: 'image', width: 1e9, height: -1 },
    NaN,
    true,
    { __proto__: null },
  ]);
  if (random() < 0.2) return Buffer.from(JSON.stringify(value).slice(0, random.below(200)));
  return Buffer.from(JSON.stringify(value));
}

/** Some bytes changed, cut, doubled or put elsewhere. */
function mutated(bytes: Uint8Array, random: Chance): Uint8Array {
  let result = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0; times -= 1) {
    const at = random.below(result.length);
    const kind = random.below(5);
    if (kind < 2) result[at] = random.below(256);
    if (kind === 2) result = Buffer.from(result.subarray(0, Math.max(1, at)));
    if (kind === 3)
      result = Buffer.concat([
        result.subarray(0, at),
        Buffer.from(Array.from({ length: random.below(40) }, () => random.of([0, 255, random.below(256)]))),
        result.subarray(at),
      ]);
    if (kind === 4 && result.length > at + 4)
      result.writeUInt32BE(random.of([0, 1, 0x7fffffff, 0xffffffff]), Math.min(at, result.length - 4));
  }
  return result;
}

async function good(): Promise<Uint8Array[]> {
  const base = picture('#f00', { colour: '#00f', left: 4, top: 4, width: 20, height: 20 });
  return Promise.all([
    base.clone().png().toBuffer(),
    base.clone().jpeg().toBuffer(),
    base.clone().jpeg({ progressive: true }).toBuffer(),
    base.clone().png({ palette: true }).toBuffer(),
    base.clone().toColourspace('cmyk').jpeg().toBuffer(),
    base.clone().greyscale().png().toBuffer(),
    base.clone().toColourspace('rgb16').png().toBuffer(),
  ]);
}

/** Small files that claim, or become, something large, and files that are something else. */
async function bombs(): Promise<Uint8Array[]> {
  const wide = (width: number, height: number, data: Uint8Array): Uint8Array =>
    png([chunk('IHDR', header(width, height)), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
  const zeros = deflateSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
  const other = sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } });
  return [
    wide(65_000, 65_000, zeros),
    wide(0x7fffffff, 0x7fffffff, zeros),
    wide(64, 64, zeros),
    wide(4096, 4096, zeros),
    wide(0, 0, zeros),
    wide(64, 64, Buffer.from('not zlib')),
    png([
      chunk('IHDR', header(64, 64)),
      chunk('zTXt', Buffer.concat([Buffer.from('k\0\0'), zeros])),
      chunk('IDAT', deflateSync(Buffer.alloc(64 * 193))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
    png([
      chunk('IHDR', header(64, 64)),
      chunk('iCCP', Buffer.concat([Buffer.from('p\0\0'), zeros])),
      chunk('IDAT', deflateSync(Buffer.alloc(64 * 193))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    Buffer.from('GIF89a'),
    Buffer.from('%PDF-1.4'),
    Buffer.from('not a picture at all'),
    await other.clone().webp().toBuffer(),
    await other.clone().gif().toBuffer(),
    await other.clone().tiff().toBuffer(),
    Buffer.concat([await other.clone().png().toBuffer(), zeros]),
    Buffer.from([0xff, 0xd8, 0xff]),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xff]),
    Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(100_000, 0xff)]),
    Buffer.alloc(8 * 1024 * 1024, 0x89),
  ];
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const png = (chunks: readonly Uint8Array[]): Uint8Array => Buffer.concat([signature, ...chunks]);

function header(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(width, 0);
  bytes.writeUInt32BE(height, 4);
  bytes[8] = 8;
  bytes[9] = 2;
  return bytes;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, sum]);
}

/** CRC-32, as every chunk of a PNG has it. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}
