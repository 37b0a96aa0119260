import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { HostProcess, smallFolder } from '../../helpers/host-process.ts';

jest.setTimeout(90_000); // whole processes

let world: Awaited<ReturnType<typeof smallFolder>>;
beforeAll(async () => {
  world = await smallFolder();
});
afterAll(() => world.remove());

const clientOf = (endpoint: string): S3Client =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });

test('a host that is killed while it writes leaves the objects before, and nothing half', async () => {
  const first = await HostProcess.start(world.folder);
  const partial = join(world.folder, 's3', '.partial');
  const upload = { Bucket: 'models', Key: 'large' };
  const client = clientOf(first.url);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
  await client.send(
    new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: randomBytes(1_000_000) }),
  );
  const socket = connect(Number(new URL(first.url).port), '127.0.0.1').on('error', () => undefined);
  socket.write('PUT /models/part/model.json HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n');
  socket.write(randomBytes(100_000));
  while (readdirSync(partial).length < 2) await sleep(20);
  first.child.kill('SIGKILL');
  await first.ended;
  socket.destroy();
  client.destroy();
  expect(readdirSync(partial)).toHaveLength(2);

  const second = await HostProcess.start(world.folder);
  const again = clientOf(second.url);
  expect(readdirSync(partial)).toEqual([]);
  const kept = await again.send(new GetObjectCommand({ Bucket: 'models', Key: 'part/model.json' }));
  expect(JSON.parse((await kept.Body?.transformToString()) ?? '')).toHaveProperty('format');
  await expect(again.send(new ListPartsCommand({ ...upload, UploadId }))).rejects.toMatchObject({
    name: 'NoSuchUpload',
  });
  again.destroy();
  second.child.kill('SIGTERM');
  await second.ended;
});
