import { createServer } from 'node:http';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ExecutionAlreadyExists } from '@aws-sdk/client-sfn';
import { afterEach, describe, expect, test } from '@jest/globals';
import middy from '@middy/core';
import { createLog } from '../../lambdas/domain/log.ts';
import { serve, type ProxyEvent, type ProxyResult } from '../../lambdas/http/api-gateway.ts';
import type { Service } from '../../lambdas/http/pipeline.ts';
import { measured } from '../../lambdas/aws/measured.ts';
import { S3Objects } from '../../lambdas/aws/s3-objects.ts';
import { stackStatus } from '../../lambdas/aws/stack-status.ts';
import { StepFunctions } from '../../lambdas/aws/step-functions.ts';
import { serveTask, type TaskParts } from '../../lambdas/aws/task-handler.ts';
import type { TaskInput } from '../../lambdas/workflows/context.ts';
import { provision } from '../../lambdas/workflows/hosting/start-tasks.ts';

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: Record<string, unknown>;
}
/** A client that answers as told, and remembers what it was asked. */
function client(answer: (name: string, input: Record<string, unknown>) => object | Error): {
  readonly sent: [string, Record<string, unknown>][];
  send: never;
} {
  const sent: [string, Record<string, unknown>][] = [];
  const send = ({ constructor: { name }, input }: Command): Promise<object> => {
    sent.push([name, input]);
    const result = answer(name, input);
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  };
  return { sent, send: send as never };
}
const failure = (name: string): Error => Object.assign(new Error(name), { name });

describe('Step Functions', () => {
  const execution = {
    workflow: 'hosting',
    name: 'abc-1',
    input: { v: 1, kind: 'start', project: 'lids', version: '1', operationId: 'abc', attempt: 1 },
  } as const;
  const machines = {
    hosting: 'arn:hosting',
    importing: 'arn:importing',
    training: 'arn:training',
    datasets: 'arn:datasets',
    packaging: 'arn:packaging',
  };

  test('an execution is started under its own name, with an input that is a function of the row', async () => {
    const sfn = client(() => ({}));
    expect(await new StepFunctions(sfn, machines).start(execution)).toBe('started');
    expect(sfn.sent).toEqual([
      [
        'StartExecutionCommand',
        { stateMachineArn: 'arn:hosting', name: 'abc-1', input: JSON.stringify(execution.input) },
      ],
    ]);
  });

  test('a name that was used before is delivered; any other failure is left to the sweep', async () => {
    expect(
      await new StepFunctions(
        client(() => new ExecutionAlreadyExists({ message: '', $metadata: {} })),
        machines,
      ).start(execution),
    ).toBe('exists');
    await expect(
      new StepFunctions(
        client(() => failure('ThrottlingException')),
        machines,
      ).start(execution),
    ).rejects.toThrow('ThrottlingException');
  });
});

describe('objects in S3', () => {
  const at = { bucket: 'b', key: 'k' };
  const failing = (name: string): S3Objects => new S3Objects(client(() => failure(name)));

  test('what is not there is no failure; what may not be read, or written, will never be, and says so', async () => {
    expect(await failing('NoSuchKey').read(at)).toBeUndefined();
    expect(await failing('NoSuchBucket').stream(at)).toBeUndefined();
    expect(await failing('NoSuchKey').copy(at, { bucket: 'c', key: 'k' })).toBe(false);
    for (const name of ['AccessDenied', 'InvalidObjectState', 'KMS.DisabledException']) {
      await expect(failing(name).read(at)).rejects.toMatchObject({
        name: 'LocationRefused',
        message: `s3://b/k: S3 refuses it to this deployment (${name}: ${name})`,
      });
      await expect(failing(name).stream(at)).rejects.toMatchObject({ name: 'LocationRefused' });
    }
    for (const name of ['NoSuchBucket', 'KeyTooLongError'])
      await expect(failing(name).write(at, new Uint8Array())).rejects.toMatchObject({
        name: 'LocationRefused',
      });
    await expect(failing('SlowDown').read(at)).rejects.toMatchObject({ name: 'SlowDown' });
    await expect(failing('SlowDown').write(at, new Uint8Array())).rejects.toMatchObject({ name: 'SlowDown' });
  });

  test('a copy names its source as S3 wants it, and brings no tags along', async () => {
    const s3 = client(() => ({}));
    expect(
      await new S3Objects(s3).copy(
        { bucket: 'cameras', key: 'line 1/a+b.tar.gz' },
        { bucket: 'artifacts', key: 'x' },
      ),
    ).toBe(true);
    expect(s3.sent[0]?.[1]).toMatchObject({
      CopySource: 'cameras/line%201/a%2Bb.tar.gz',
      TaggingDirective: 'REPLACE',
    });
  });

  test('a prefix is emptied page after page, never the whole bucket, and not in silence', async () => {
    let left = ['x/1', 'x/2', 'x/3'];
    const s3 = client((name, input) => {
      if (name === 'ListObjectsV2Command') return { Contents: left.slice(0, 2).map((Key) => ({ Key })) };
      const gone = (input['Delete'] as { Objects: { Key: string }[] }).Objects.map(({ Key }) => Key);
      left = left.filter((key) => !gone.includes(key));
      return {};
    });
    await new S3Objects(s3).removeAll('artifacts', 'x/');
    expect(left).toEqual([]);
    await expect(new S3Objects(s3).removeAll('artifacts', '')).rejects.toThrow('removeAll needs a prefix');
    const refusing = client((name) =>
      name === 'ListObjectsV2Command'
        ? { Contents: [{ Key: 'x/1' }] }
        : { Errors: [{ Key: 'x/1', Message: 'Access Denied' }] },
    );
    await expect(new S3Objects(refusing).removeAll('artifacts', 'x/')).rejects.toThrow('x/1: Access Denied');
  });
});

describe('metrics', () => {
  const event = (modelVersion: string): ProxyEvent => ({
    resource: '/2020-11-20/projects/{projectName}/models/{modelVersion}/detect',
    httpMethod: 'POST',
    pathParameters: { projectName: 'lids', modelVersion },
    multiValueQueryStringParameters: null,
    headers: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestId: 'r' },
  });
  const run = async (statusCode: number, body = '{}'): Promise<Record<string, unknown>> => {
    const lines: string[] = [];
    let time = 1000;
    const result: ProxyResult = { statusCode, headers: {}, body, isBase64Encoded: false };
    const around = measured(
      'dev',
      (line) => {
        lines.push(line);
      },
      () => time,
    );
    const handler = middy<ProxyEvent, ProxyResult>(() => {
      time += 25;
      return Promise.resolve(result);
    }).use(around);
    expect(await handler(event('3'), {})).toBe(result);
    return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  };

  test("a verdict is counted under the original's names and dimensions", async () => {
    const line = await run(200, '{"DetectAnomalyResult":{"Source":{"Type":"direct"},"IsAnomalous":true}}');
    expect(line).toMatchObject({
      ProjectName: 'lids',
      ModelVersion: '3',
      Operation: 'DetectAnomalies',
      SuccessfulRequestCount: 1,
      ProcessedImageCount: 1,
      DetectedAnomalyCount: 1,
      InvalidImageCount: 0,
      Time: 25,
      _aws: {
        Timestamp: 1025,
        CloudWatchMetrics: [
          { Namespace: 'Crowsnest/dev', Dimensions: [['Operation'], ['ProjectName', 'ModelVersion']] },
        ],
      },
    });
  });

  test('a failure of the host itself is counted with the answer that its caller had', async () => {
    const lines: string[] = [];
    const log = createLog(() => undefined);
    const broken = { handlers: {}, context: undefined } as unknown as Service;
    const around = measured('dev', (line) => {
      lines.push(line);
    });
    expect(await serve(broken, log, around)({ ...event('3'), body: 7 as never }, {})).toMatchObject({
      statusCode: 500,
    });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { Operation: 'DetectAnomalies', ErrorCount: 1 },
    ]);
  });

  test('names that somebody made up become no metric; throttles and our own errors are told apart', async () => {
    expect(await run(404)).toMatchObject({
      ErrorCount: 0,
      _aws: { CloudWatchMetrics: [{ Dimensions: [['Operation']] }] },
    });
    expect(await run(429)).toMatchObject({ ThrottledCount: 1, ErrorCount: 0 });
    expect(await run(500)).toMatchObject({ ThrottledCount: 0, ErrorCount: 1 });
  });
});

describe('a task as Lambda runs it', () => {
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    event: () => undefined,
    with: () => log,
  };
  const parts = { log } as unknown as TaskParts;
  const input: TaskInput = {
    v: 1,
    kind: 'start',
    project: 'lids',
    version: '1',
    operationId: 'abc',
    attempt: 1,
  };

  test('answers JSON, whatever the task returns', async () => {
    expect(await serveTask(() => Promise.resolve(), parts)(input)).toBeNull();
    expect(await serveTask(() => Promise.resolve({ state: 'x', wait: 1, round: 0 }), parts)(input)).toEqual({
      state: 'x',
      wait: 1,
      round: 0,
    });
  });

  test('has no engine that its role has no right to', async () => {
    const entitled = serveTask(async (_, { engine }) => {
      await engine.remove({ id: 'x', model: { project: 'lids', version: '1' } });
    }, parts);
    await expect(entitled(input)).rejects.toThrow('This function has no right to the engine.');
    expect(provision).toBeInstanceOf(Function);
  });
});

describe('the status of a stack', () => {
  let stop: () => void = () => undefined;
  afterEach(() => stop());
  const serving = async (
    status: number,
    body: string,
  ): Promise<{ endpoint: string; seen: { body: string; authorization: string }[] }> => {
    const seen: { body: string; authorization: string }[] = [];
    const server = createServer((req, res) => {
      void buffer(req).then((bytes) => {
        seen.push({ body: bytes.toString(), authorization: req.headers.authorization ?? '' });
        res.writeHead(status, { 'content-type': 'text/xml' }).end(body);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stop = () => {
      server.closeAllConnections();
      server.close();
    };
    return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
  };
  const clientAt = (endpoint: string): CloudFormationClient =>
    new CloudFormationClient({
      endpoint,
      region: 'eu-west-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' },
    });

  test('is asked for with a signature', async () => {
    const { endpoint, seen } = await serving(
      200,
      '<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackStatus>DELETE_IN_PROGRESS</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>',
    );
    expect(
      await stackStatus(clientAt(endpoint), 'arn:aws:cloudformation:eu-west-1:111122223333:stack/a/b'),
    ).toBe('DELETE_IN_PROGRESS');
    expect(seen[0]?.body).toContain(
      'StackName=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack%2Fa%2Fb',
    );
    expect(seen[0]?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/cloudformation\/aws4_request, /,
    );
  });

  test('that is not told is a failure, which says why', async () => {
    const { endpoint } = await serving(
      403,
      '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>',
    );
    await expect(stackStatus(clientAt(endpoint), 'x')).rejects.toMatchObject({ name: 'AccessDenied' });
    stop();
    const silent = await serving(
      200,
      '<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks></DescribeStacksResult></DescribeStacksResponse>',
    );
    await expect(stackStatus(clientAt(silent.endpoint), 'x')).rejects.toThrow(
      'CloudFormation does not say which status x has',
    );
  });
});
