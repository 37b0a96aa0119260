import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packUnit, unitFiles } from '../../lambdas/engines/lambda/unit-package.ts';
import { startUnit, type UnitProcess } from '../../lambdas/engines/process/unit-process.ts';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { pictureLimits } from '../../lambdas/vision/pictures/limits.ts';
import { buildBundles, nativeLayer } from '../../lib/bundles.ts';
import { layNativeLayer } from '../../lib/native-layer.ts';
import { runtimeClient } from '../deploy/install.ts';
import { sampleFolder } from '../helpers/host-process.ts';
import { LambdaEnvironment } from './lambda-environment.ts';
import { atMost, compare, medianOf, type Pair, type Result } from './measure.ts';

const children = { register: () => undefined, unregister: () => undefined };
const megabyte = 1024 * 1024;

/**
 * An inference unit in Lambda against one of the process engine, with the same model and one thread: the package
 * that a start makes, and the layer of the stack, under AWS's runtime interface client.
 */
export async function unitBenchmarks(): Promise<Result[]> {
  const work = await mkdtemp(join(tmpdir(), 'crowsnest-unit-'));
  const sample = await sampleFolder();
  const { folder: data, samples } = sample;
  try {
    buildBundles(work);
    layNativeLayer('x86_64', work);
    const client = await runtimeClient({ cwd: work, env: process.env, signal: new AbortController().signal });
    const parts = {
      objects: createFolderObjects(join(data, 's3')),
      code: () => readFile(join(work, 'task-provision/unit.cjs')),
    };
    const artifact = { ...samples.model, format: 'onnx' } as const;
    const folder = join(work, 'unit');
    for (const { name, bytes } of await unitFiles(parts, artifact)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    const stored = join(data, 's3', samples.model.bucket, samples.model.prefix);
    const packages = join(work, nativeLayer, 'nodejs/node_modules');
    const environment = (): Promise<LambdaEnvironment> =>
      LambdaEnvironment.start({ folder, client, packages, variables: { UNIT_THREADS: '1' } });
    const unit = (): UnitProcess =>
      startUnit({ folder: stored, limits: pictureLimits, threads: 1 }, 'bench', children);
    const picture = await readFile(join(data, 's3', samples.bucket, samples.test.normal[0] ?? ''));
    const bytes = (await packUnit(parts, artifact)).length;
    return [
      await judging(environment, unit, picture),
      await starting(environment, unit, picture),
      size('unit-package', bytes, 50, 'MB that CreateFunction carries, against what it may'),
      size(
        'unit-layer',
        await folderSize(join(work, nativeLayer)),
        250,
        'MB unpacked, against what it may be',
      ),
    ];
  } finally {
    sample.remove();
    await rm(work, { recursive: true, force: true });
  }
}

/** Milliseconds a picture, one after the other, warm. */
async function judging(
  environment: () => Promise<LambdaEnvironment>,
  start: () => UnitProcess,
  picture: Buffer,
): Promise<Result> {
  const ours = await environment();
  const against = start();
  try {
    await Promise.all([ours.ready, against.loaded]);
    const note = `${picture.length} bytes as JPEG; ours with base64, JSON and the Runtime API over HTTP`;
    return await compare(
      { name: 'unit-judge', unit: 'ms', goal: '<= 1.15', meets: atMost(1.15), note },
      7,
      () => medianOf(40, () => ours.invoke(judge(picture))),
      () => medianOf(40, () => against.judge(picture, 'image/jpeg')),
    );
  } finally {
    against.kill('measured');
    await Promise.all([ours.end(), against.ended]);
  }
}

const judge = (picture: Buffer) => ({
  kind: 'judge',
  type: 'image/jpeg',
  picture: picture.toString('base64'),
});

/** From the start of the process to the first verdict. */
function starting(
  environment: () => Promise<LambdaEnvironment>,
  start: () => UnitProcess,
  picture: Buffer,
): Promise<Result> {
  return compare(
    {
      name: 'unit-cold',
      unit: 'ms',
      goal: '<= 1.5',
      meets: atMost(1.5),
      note: 'from the start of the process to the first verdict; Lambda adds the environment and the package',
    },
    7,
    async () => {
      const from = performance.now();
      const unit = await environment();
      await unit.invoke(judge(picture));
      const taken = performance.now() - from;
      await unit.end();
      return taken;
    },
    async () => {
      const from = performance.now();
      const unit = start();
      await unit.loaded;
      await unit.judge(picture, 'image/jpeg');
      const taken = performance.now() - from;
      unit.kill('measured');
      await unit.ended;
      return taken;
    },
  );
}

async function folderSize(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((each) => each.isFile())
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

function size(name: string, bytes: number, limit: number, note: string): Result {
  const one = (value: number) => ({ min: value, median: value, max: value });
  const pair: Omit<Pair, 'meets'> = { name, unit: 'MB', goal: '<= 1', note };
  const ours = bytes / megabyte;
  return {
    ...pair,
    ours: one(ours),
    against: one(limit),
    ratio: ours / limit,
    ratios: one(ours / limit),
    met: ours <= limit,
  };
}
