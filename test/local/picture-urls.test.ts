import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import { LookoutVisionClient, CreateProjectCommand } from '@aws-sdk/client-lookoutvision';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { s3Urls } from '../../lambdas/aws/s3-urls.ts';
import { createLog } from '../../lambdas/domain/log.ts';
import { systemClock } from '../../lambdas/domain/clock-and-ids.ts';
import { startHost, type Host } from '../../lambdas/local/host.ts';
import { localEnvironment } from '../../lambdas/local/environment.ts';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';

// URLs for pictures, made by one call and used without credentials by another, as a browser does.

const keys = {
  all: { accessKeyId: 'AKALL', secretAccessKey: 'one', buckets: ['photos', 'other'] },
  /** May call everything, and nothing of S3. */
  api: {
    accessKeyId: 'AKAPI',
    secretAccessKey: 'two',
    actions: ['Create*', 'List*'],
    buckets: ['photos'],
  },
  reader: {
    accessKeyId: 'AKREAD',
    secretAccessKey: 'three',
    actions: ['Create*', 's3:GetObject'],
    buckets: ['photos'],
  },
} as const;
type Key = keyof typeof keys;

let directory: string;
const folder = (): string => directory;
let host: Host;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'crowsnest-urls-'));
  await mkdir(join(folder(), 's3/photos'), { recursive: true });
  host = await startHost({
    environment: localEnvironment({
      PORT: '0',
      DATA_DIR: folder(),
      CROWSNEST_KEYS: JSON.stringify(Object.values(keys)),
    }),
    log: createLog(() => undefined),
  });
  const client = new LookoutVisionClient({
    endpoint: host.url,
    region: 'us-east-1',
    credentials: keys.all,
  });
  await client.send(new CreateProjectCommand({ ProjectName: 'parts' }));
  client.destroy();
});
afterAll(async () => {
  await host.close();
  await rm(directory, { recursive: true, force: true });
});

const objects = () => createFolderObjects(join(folder(), 's3'));

interface Urls {
  readonly status: number;
  readonly Message?: string;
  readonly Urls: readonly { readonly Url: string; readonly Headers?: { Name: string; Value: string }[] }[];
}

async function ask(
  kind: 'downloads' | 'uploads',
  body: object,
  by: Key = 'all',
  project = 'parts',
): Promise<Urls> {
  const url = new URL(`${host.url}/2020-11-20/projects/${project}/${kind}`);
  const signer = new SignatureV4({
    credentials: keys[by],
    region: 'us-east-1',
    service: 'lookoutvision',
    sha256: Hash.bind(null, 'sha256'),
  });
  const text = JSON.stringify(body);
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, 'content-type': 'application/json' },
    body: text,
  });
  const response = await fetch(url, { method: 'POST', headers, body: text });
  return { status: response.status, ...((await response.json()) as Omit<Urls, 'status'>) };
}

const pictures = (...names: string[]) => ({ Pictures: names.map((Key) => ({ Bucket: 'photos', Key })) });

/** Sends a body by a URL, with the headers that it says. */
const put = ({ Url, Headers = [] }: Urls['Urls'][number], body: string, more: Record<string, string> = {}) =>
  fetch(Url, {
    method: 'PUT',
    headers: { ...Object.fromEntries(Headers.map(({ Name, Value }) => [Name, Value])), ...more },
    body,
  });

test('a picture is uploaded and shown by URLs alone, whatever its name', async () => {
  const key = "line 1/Teile (neu)/ä+b & 'c'.jpg";
  const { status, Urls } = await ask('uploads', pictures(key));
  expect(status).toBe(200);
  const [upload] = Urls;
  expect(upload?.Headers).toEqual([
    { Name: 'content-type', Value: 'image/jpeg' },
    { Name: 'if-none-match', Value: '*' },
  ]);
  expect((await put(upload as Urls['Urls'][number], 'the picture')).status).toBe(200);
  expect(await readFile(join(folder(), 's3/photos', key), 'utf8')).toBe('the picture');

  const { Urls: shown } = await ask('downloads', pictures(key));
  const picture = await fetch(shown[0]?.Url ?? '');
  expect(picture.status).toBe(200);
  expect(picture.headers.get('content-type')).toBe('image/jpeg');
  expect(await picture.text()).toBe('the picture');
});

test('what is there is never replaced, nor with other headers than those that were signed', async () => {
  await objects().write({ bucket: 'photos', key: 'kept.png' }, Buffer.from('before'));
  const [upload] = (await ask('uploads', pictures('kept.png'))).Urls;
  expect((await put(upload as Urls['Urls'][number], 'after')).status).toBe(412);
  const bare = { ...(upload as Urls['Urls'][number]), Headers: [] };
  expect((await put(bare, 'after')).status).toBe(403);
  expect((await put(bare, 'after', { 'content-type': 'text/html', 'if-none-match': '*' })).status).toBe(403);
  expect(await readFile(join(folder(), 's3/photos/kept.png'), 'utf8')).toBe('before');
});

test('a URL reads what it names, and does not write', async () => {
  await objects().write({ bucket: 'photos', key: 'a.png' }, Buffer.from('a'));
  const [shown] = (await ask('downloads', { ...pictures('a.png'), ExpiresIn: 60 })).Urls;
  const url = shown?.Url ?? '';
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url.replace('a.png', 'b.png'))).status).toBe(403);
  expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
  expect((await fetch(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).status).toBe(403);
});

test('URLs have the rights of the key that asks for them, and no more', async () => {
  await objects().write({ bucket: 'photos', key: 'a.png' }, Buffer.from('a'));
  expect((await ask('downloads', pictures('a.png'), 'reader')).status).toBe(200);
  for (const refused of [
    await ask('uploads', pictures('new.png'), 'reader'),
    await ask('downloads', pictures('a.png'), 'api'),
    await ask('downloads', { Pictures: [{ Bucket: 'other', Key: 'a.png' }] }, 'reader'),
  ])
    expect(refused).toMatchObject({
      status: 403,
      Message: expect.stringContaining('not authorized') as unknown as string,
    });
});

test.each<[string, object, RegExp]>([
  ['a model', pictures('model/model.onnx'), /pictures\.1\.member\.key.*pattern/],
  ['a manifest', pictures('a.jpg', 'train.manifest'), /pictures\.2\.member\.key.*pattern/],
  ['nothing', pictures(), /pictures.*greater than or equal to 1/],
  [
    'a hundred and one',
    pictures(...Array.from({ length: 101 }, (_, at) => `${at}.jpg`)),
    /less than or equal to 100/,
  ],
  ['an hour and a second', { ...pictures('a.jpg'), ExpiresIn: 3601 }, /expiresIn/],
])('%s has no URL', async (_, body, told) => {
  for (const kind of ['downloads', 'uploads'] as const) {
    const { status, Message } = await ask(kind, body);
    expect(status).toBe(400);
    expect(Message).toMatch(told);
  }
});

test('a project that is not there has no pictures', async () => {
  expect((await ask('downloads', pictures('a.jpg'), 'all', 'nowhere')).status).toBe(404);
});

test('what the function in AWS signs is what S3 takes: read, write, and nothing else', async () => {
  const client = new S3Client({ endpoint: host.url, region: 'us-east-1', credentials: keys.all });
  const urls = s3Urls(systemClock, client, host.url);
  const location = { bucket: 'photos', key: "by aws (1)/ä+'.png" };
  const headers = { 'content-type': 'image/png', 'if-none-match': '*' };
  const upload = await urls.presign({ method: 'PUT', ...location, seconds: 60, headers });
  expect((await fetch(upload, { method: 'PUT', headers, body: 'by aws' })).status).toBe(200);
  expect((await fetch(upload, { method: 'PUT', headers, body: 'again' })).status).toBe(412);
  expect((await fetch(upload, { method: 'PUT', body: 'again' })).status).toBe(403);
  const shown = await urls.presign({ method: 'GET', ...location, seconds: 60 });
  expect(await (await fetch(shown)).text()).toBe('by aws');
  expect(new URL(shown).searchParams.get('X-Amz-Expires')).toBe('60');
  client.destroy();
});

test('in AWS a URL leads to the region of the bucket, by the name of the bucket', async () => {
  const client = new S3Client({
    region: 'eu-central-1',
    credentials: { ...keys.all, sessionToken: 'session' },
  });
  const asked: string[] = [];
  const regional = {
    config: client.config,
    send: (command: { readonly input: { readonly Bucket?: string } }) => {
      asked.push(command.input.Bucket ?? '');
      return Promise.resolve({ BucketRegion: 'eu-west-1' });
    },
  };
  const urls = s3Urls(systemClock, regional, undefined);
  const request = { method: 'GET', bucket: 'photos', key: 'a.png', seconds: 60 } as const;
  const [first] = [await urls.presign(request), await urls.presign(request)];
  const { host: at, searchParams } = new URL(first);
  expect(at).toBe('photos.s3.eu-west-1.amazonaws.com');
  expect(searchParams.get('X-Amz-Credential')).toMatch(/^AKALL\/\d{8}\/eu-west-1\/s3\/aws4_request$/);
  expect(searchParams.get('X-Amz-Security-Token')).toBe('session');
  expect(asked).toEqual(['photos']); // a region is asked for once
  client.destroy();
});

test('a host without keys needs no signature', async () => {
  const data = join(folder(), 'keyless');
  await createFolderObjects(join(data, 's3')).write({ bucket: 'photos', key: 'a b.jpg' }, Buffer.from('a'));
  const open = await startHost({
    environment: localEnvironment({ PORT: '0', DATA_DIR: data }),
    log: createLog(() => undefined),
  });
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${open.url}/2020-11-20/projects${path}`, { method: 'POST', body: JSON.stringify(body) });
  await post('', { ProjectName: 'parts' });
  const { Urls: shown } = (await (await post('/parts/downloads', pictures('a b.jpg'))).json()) as Urls;
  expect(shown[0]?.Url).toBe(`${open.url}/photos/a%20b.jpg`);
  expect(await (await fetch(shown[0]?.Url ?? '')).text()).toBe('a');
  const { Urls: uploads } = (await (await post('/parts/uploads', pictures('new.jpg'))).json()) as Urls;
  expect((await put(uploads[0] as Urls['Urls'][number], 'new')).status).toBe(200);
  expect((await put(uploads[0] as Urls['Urls'][number], 'newer')).status).toBe(412);
  await open.close();
});
