import { createHash } from 'node:crypto';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderAt, type Order, type TrainerEvent } from '../../lambdas/engines/lambda/training-control.ts';
import { createEmbeddedTrainer } from '../../lambdas/engines/process/trainer.ts';
import type { TrainingExample } from '../../lambdas/engines/trainer.ts';
import { buildBundles, nativeLayer } from '../../lib/bundles.ts';
import { layNativeLayer } from '../../lib/native-layer.ts';
import { FakeObjects } from '../helpers/account/objects.ts';
import { json, MemoryObjects } from '../helpers/artifacts.ts';
import { silent } from '../helpers/engine.ts';
import { plates } from '../vision/pictures-made.ts';

const stage = 'dev';
const artifacts = { bucket: 'artifacts', prefix: '' };
const model = { project: 'lids', version: '3', createdAt: 1 };

const specOf = (id: string): TrainerEvent['spec'] => {
  const prefix = `lids/3-${id}/`;
  const at = (set: string) => ({ bucket: artifacts.bucket, key: `${prefix}examples/${set}.jsonl` });
  return {
    id,
    model,
    segmentation: true,
    workspace: { bucket: artifacts.bucket, prefix },
    examples: { train: at('train'), test: at('test') },
  };
};

let folder: string;
let server: Server;
const deployed = new FakeObjects();
const laptop = new MemoryObjects();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crowsnest-trainer-'));
  buildBundles(folder);
  layNativeLayer('x86_64', folder);
  for (const bucket of ['photos', artifacts.bucket]) deployed.buckets.add(bucket);
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const asked = FakeObjects.parse(request, Buffer.concat(parts));
      const { status, headers = {}, body } = deployed.answer(asked, () => true);
      response.writeHead(status, { ...headers }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The function as Lambda has it: its bundle, the layer's packages and its variables, and nothing else. */
function trainerFunction(): ChildProcess {
  return fork(
    fileURLToPath(new URL('../helpers/account/function-process.cjs', import.meta.url)),
    [join(folder, 'trainer/index.cjs'), '0'],
    {
      cwd: tmpdir(),
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        NODE_PATH: join(folder, nativeLayer, 'nodejs/node_modules'),
        STAGE: stage,
        ARTIFACT_BUCKET: artifacts.bucket,
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'secret',
      },
    },
  );
}

/** A small set with masks, where both trainers find it. */
async function writeSets(): Promise<void> {
  const write = async (bucket: string, key: string, bytes: Uint8Array): Promise<void> => {
    deployed.write({ bucket, key }, bytes);
    await laptop.write({ bucket, key }, bytes);
  };
  const sets = {
    train: plates(8, 6, 6, 1, { side: 64 }),
    test: plates(4, 3, 3, 2, { side: 64 }),
  };
  for (const [set, pictures] of Object.entries(sets)) {
    const lines: string[] = [];
    for (const picture of pictures) {
      const { id, label, mask } = picture;
      await write('photos', id, await picture.load());
      if (mask !== undefined) await write('photos', `masks/${id}`, await mask.load());
      const example: TrainingExample = {
        source: `s3://photos/${id}`,
        label,
        line: {},
        ...(mask !== undefined && {
          mask: {
            ref: `s3://photos/masks/${id}`,
            classes: mask.colours.map(({ className: name, hexColor: color }) => ({ name, color })),
          },
        }),
      };
      lines.push(`${JSON.stringify(example)}\n`);
    }
    for (const id of ['function', 'laptop']) {
      const { bucket, key } = specOf(id).examples[set as keyof typeof sets];
      await write(bucket, key, Buffer.from(lines.join('')));
    }
  }
}

/** What came of a training, without when. */
const outcome = (graph?: Uint8Array, manifest?: Uint8Array, results?: Uint8Array) => ({
  graph: createHash('sha256')
    .update(graph ?? '')
    .digest('hex'),
  ...Object.fromEntries(
    Object.entries({ manifest, results }).map(([name, bytes]) => [
      name,
      Buffer.from(bytes ?? [])
        .toString()
        .replace(/"evaluatedAt": ?("[^"]*"|\d+)/g, ''),
    ]),
  ),
});
const files = ['model.onnx', 'model.json', 'results.json'] as const;

test("the trainer's bundle with the layer gives the model, the figures and the verdicts of a laptop, bit for bit", async () => {
  await writeSets();
  const order = orderAt({ stage, artifacts }, model);
  deployed.write(order, json({ n: 1, at: Date.now() } satisfies Order));
  const event: TrainerEvent = { spec: specOf('function'), n: 1 };
  const child = trainerFunction();
  try {
    child.send({ id: 'request', handler: 'handler', event });
    expect(((await once(child, 'message')) as unknown[])[0]).toEqual({ id: 'request', result: 'trained' });
  } finally {
    child.kill('SIGKILL');
  }
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  const children = { register: () => undefined, unregister: () => undefined };
  const trainer = createEmbeddedTrainer({ objects: laptop, clock, log: silent, artifacts, children });
  await trainer.start(specOf('laptop'));
  while ((await trainer.observe(specOf('laptop'))).state === 'running')
    await new Promise((resolve) => setTimeout(resolve, 100));
  await trainer.close();

  const [graph, ...others] = files.map((file) => laptop.objects.get(`artifacts/lids/3-laptop/${file}`));
  expect(graph?.length).toBeGreaterThan(100_000);
  expect(outcome(...files.map((file) => deployed.files.get(`artifacts/lids/3-function/${file}`)))).toEqual(
    outcome(graph, ...others),
  );
}, 300_000);
