import { Readable } from 'node:stream';
import { DetectAnomaliesCommand, LookoutVisionServiceException } from '@aws-sdk/client-lookoutvision';
import { causeOf } from '../deployment/cause.ts';
import { isLoopback } from '../deployment/target.ts';
import { missingModel, Unlike, type Bench, type Case } from './case.ts';
import { pictureOf } from './models.ts';
import { arnOf, missingArn } from './tags.ts';

/** An answer in a line: what an SDK would read of it. */
async function told(response: Response): Promise<{ readonly line: string; readonly typed: boolean }> {
  const text = await response.text();
  const type = response.headers.get('x-amzn-errortype');
  let json = true;
  try {
    JSON.parse(text);
  } catch {
    json = false;
  }
  return {
    line: `${response.status} ${type ?? 'without a type'}${json ? '' : ', and a body that is no JSON'}`,
    typed: json && type !== null,
  };
}

/** @throws Unlike with what was seen, if it is not what an SDK could make an exception of */
async function typedRefusal(response: Response): Promise<string> {
  const { line, typed } = await told(response);
  if (response.ok) throw new Unlike(`accepted, ${response.status}`);
  if (!typed) throw new Unlike(line);
  return line;
}

/**
 * A request that nobody may have sent. A local host that was given no keys lets everybody on its machine in,
 * as README says, so there an answer is right.
 */
async function refusedUnlessKeyless({ target }: Bench, signed: 'not at all' | 'wrongly'): Promise<string> {
  const response = await target.raw({ method: 'GET', path: '/2020-11-20/projects', signed });
  if (response.ok && isLoopback(target.endpoint)) return `${response.status}: this local host has no keys`;
  return typedRefusal(response);
}

/** 11 MB: more than API Gateway lets in. */
const tooLarge = 11 * 1024 * 1024;

/** What only a real deployment shows: what stands before it, and what that does to requests and answers. */
export const probes: readonly Case[] = [
  {
    operation: 'DetectAnomalies',
    title: 'a picture as a stream, chunked and with its payload unsigned',
    kind: 'probe',
    async run(bench) {
      const hosted = bench.hosted === true && bench.material.picture !== undefined;
      const { Body, ContentType } = hosted
        ? pictureOf(bench)
        : { Body: Buffer.from([0xff, 0xd8, 0xff]), ContentType: 'image/jpeg' };
      const model =
        hosted && bench.model !== undefined
          ? { ProjectName: bench.project, ModelVersion: bench.model }
          : missingModel(bench);
      try {
        const { DetectAnomalyResult } = await bench.target.client.send(
          new DetectAnomaliesCommand({
            ...model,
            ContentType,
            Body: Readable.from([Body.subarray(0, 2), Body.subarray(2)]),
          }),
        );
        return `a verdict, ${DetectAnomalyResult?.Confidence?.toFixed(3) ?? ''}`;
      } catch (error) {
        if (!(error instanceof LookoutVisionServiceException)) throw error;
        if (error.name === 'ResourceNotFoundException' && !hosted)
          return 'it arrived: ResourceNotFoundException, as there is no such model';
        throw new Unlike(`${error.$metadata.httpStatusCode ?? 0} ${error.name}: ${error.message}`);
      }
    },
  },
  {
    operation: 'ListTagsForResource',
    title: 'an ARN in the path, encoded as SDKs do, half, and not at all',
    kind: 'probe',
    async run(bench) {
      const arn = bench.model === undefined ? await missingArn(bench) : await arnOf(bench);
      const seen = await Promise.all(
        [encodeURIComponent(arn), arn.replaceAll('/', '%2F'), arn].map(
          async (path) =>
            (await told(await bench.target.raw({ method: 'GET', path: `/2020-11-20/tags/${path}` }))).line,
        ),
      );
      const [whole, half, none] = seen;
      if (!whole?.startsWith(bench.model === undefined ? '404 ResourceNotFoundException' : '200'))
        throw new Unlike(seen.join('; '));
      return `${whole}; half: ${half ?? ''}; not at all: ${none ?? ''}`;
    },
  },
  {
    operation: 'ListProjects',
    title: 'a request without a signature',
    kind: 'probe',
    run: (bench) => refusedUnlessKeyless(bench, 'not at all'),
  },
  {
    operation: 'ListProjects',
    title: 'a signature made with another secret',
    kind: 'probe',
    run: (bench) => refusedUnlessKeyless(bench, 'wrongly'),
  },
  {
    operation: '(none)',
    title: 'a path that no operation has',
    kind: 'probe',
    run: async ({ target }) => typedRefusal(await target.raw({ method: 'GET', path: '/2020-11-20/nothing' })),
  },
  {
    operation: 'DetectAnomalies',
    title: 'a body of 11 MB',
    kind: 'probe',
    async run(bench: Bench) {
      const { ProjectName, ModelVersion } = missingModel(bench);
      const sent = bench.target.raw({
        method: 'POST',
        path: `/2020-11-20/projects/${ProjectName}/models/${ModelVersion}/detect`,
        headers: { 'content-type': 'image/jpeg' },
        body: new Uint8Array(tooLarge),
      });
      return typedRefusal(
        await sent.catch((error: unknown) => {
          throw new Unlike(`the connection broke while it was sent: ${causeOf(error)}`);
        }),
      );
    },
  },
];
