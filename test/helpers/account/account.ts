import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase, type Database } from '../../../lambdas/local/database.ts';
import { documentClient, ensureTable } from '../../../lambdas/local/table-client.ts';
import type { ProxyResult } from '../../../lambdas/http/api-gateway.ts';
import { buildBundles, nativeLayer } from '../../../lib/bundles.ts';
import { synthesise, type Synthesised } from '../../lib/template.ts';
import { FakeLambda } from '../fake-lambda/fake.ts';
import { FakeSageMaker } from '../fake-sagemaker/fake.ts';
import { proxyEvent } from '../proxy-event.ts';
import { Executions } from './executions.ts';
import { Functions } from './functions.ts';
import { FakeObjects, type Answer } from './objects.ts';
import { Policies } from './policies.ts';
import { account, region, Resolver } from './template.ts';
import { interfaceWishes, lambdaWishes, sageMakerWishes, scalingWishes, tableWishes } from './wishes.ts';

interface Called {
  readonly role: string;
  readonly service: string;
  readonly operation: string;
  readonly body: Buffer;
  readonly request: IncomingMessage;
}

const denied: Answer = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ __type: 'AccessDeniedException', message: 'is not authorized' }),
};

/**
 * A stage as it is deployed, on one machine: the functions are the bundles, with the variables of the
 * template, each group in a process of its own; the machines are the template's; every call to AWS is held
 * against the policies of the role that makes it. What AWS does behind that is the embedded DynamoDB, and
 * fakes that keep state.
 */
export class Account {
  readonly objects = new FakeObjects();
  readonly sagemaker: FakeSageMaker;
  readonly lambda: FakeLambda;
  readonly policies: Policies;
  readonly functions: Functions;
  /** Asynchronous invocations under way. */
  readonly events = new Set<Promise<unknown>>();
  readonly executions: Executions;
  /** Step Functions takes no more executions. */
  outage = false;
  readonly #resolver: Resolver;
  readonly #stack: Synthesised;
  readonly #database: Database;
  readonly #services: Server;
  readonly #gateway: Server;
  #requests = 0;

  private constructor(stack: Synthesised, database: Database, services: Server, gateway: Server) {
    this.#stack = stack;
    this.#database = database;
    this.#services = services;
    this.#gateway = gateway;
    this.#resolver = new Resolver(stack);
    this.sagemaker = new FakeSageMaker();
    this.lambda = new FakeLambda(this.sagemaker.clock);
    this.sagemaker.world.files = this.objects.files;
    this.policies = new Policies(stack, this.#resolver);
    this.functions = new Functions(stack, this.#resolver, urlOf(services));
    this.executions = new Executions(stack, this.#resolver, this.policies, this.functions, (seconds) =>
      this.pass(seconds),
    );
    services.on('request', (req, res) => void this.#serve(req, res));
    gateway.on('request', (req, res) => void this.#pass(req, res));
  }

  /** @param config as in a deployment's own file */
  static async deploy(config: object): Promise<Account> {
    const folder = mkdtempSync(join(tmpdir(), 'crowsnest-account-'));
    buildBundles(folder);
    mkdirSync(join(folder, nativeLayer)); // the functions find the libraries where this process does
    const stack = synthesise('dev', { account, region, ...config }, folder);
    const database = await startDatabase(undefined, {
      register: () => undefined,
      unregister: () => undefined,
    });
    const deployed = new Account(stack, database, await listening(), await listening());
    for (const [id] of stack.ofType('AWS::DynamoDB::Table')) {
      const client = documentClient(database);
      await ensureTable(client, deployed.#resolver.text({ Ref: id }));
      client.destroy();
    }
    for (const [id] of stack.ofType('AWS::S3::Bucket'))
      deployed.objects.buckets.add(deployed.#resolver.text({ Ref: id }));
    return deployed;
  }

  /** Where clients call. */
  get url(): string {
    return urlOf(this.#gateway);
  }

  /** Time goes on, for the functions and for SageMaker. */
  pass(seconds: number): void {
    this.sagemaker.clock.pass(seconds * 1000);
    this.functions.pass(seconds * 1000);
  }

  /** Calls a function as a schedule does. @param id the beginning of its logical id */
  async visit(id: string): Promise<void> {
    const [found = ''] =
      this.#stack.ofType('AWS::Lambda::Function').find(([each]) => each.startsWith(id)) ?? [];
    await this.functions.invoke(found, {});
    await this.executions.idle();
  }

  async close(): Promise<void> {
    this.functions.close();
    for (const server of [this.#gateway, this.#services]) {
      server.closeAllConnections();
      server.close();
    }
    await this.#database.close();
  }

  /** API Gateway: finds the route, and hands the request to its function. */
  async #pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await bytesOf(req);
    const picture = /^image\//.test(req.headers['content-type'] ?? '');
    const headers = Object.fromEntries(
      Object.entries(req.headers).map(([name, value]) => [name, String(value)]),
    );
    const event = proxyEvent({
      method: req.method ?? '',
      path: req.url ?? '',
      headers,
      body: picture ? body : body.toString(),
    });
    const id = this.#routes().get(`${event.httpMethod} ${event.resource}`);
    if (id === undefined) {
      res.writeHead(403).end('{}');
      return;
    }
    const identified = {
      ...event,
      requestContext: { ...event.requestContext, requestId: `request-${this.#requests++}` },
    };
    const answer = (await this.functions.invoke(id, identified)) as ProxyResult;
    res.writeHead(answer.statusCode, answer.headers as Record<string, string>).end(answer.body);
  }

  #routes(): Map<string, string> {
    const pathOf = (id: string): string => {
      const { ParentId, PathPart } = this.#resolver.resource(id).Properties as unknown as {
        ParentId: { Ref?: string };
        PathPart: string;
      };
      return `${ParentId.Ref === undefined ? '' : pathOf(ParentId.Ref)}/${PathPart}`;
    };
    return new Map(
      this.#stack.ofType('AWS::ApiGateway::Method').map(([, { Properties }]) => {
        const { HttpMethod, ResourceId, Integration } = Properties as unknown as {
          HttpMethod: string;
          ResourceId: { Ref: string };
          Integration: { Uri: unknown };
        };
        const [, id = ''] = /"Fn::GetAtt":\["(\w+)","Arn"\]/.exec(JSON.stringify(Integration.Uri)) ?? [];
        return [`${HttpMethod} ${pathOf(ResourceId.Ref)}`, id];
      }),
    );
  }

  /** AWS: who calls, and which service, is in the signature. */
  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await bytesOf(req);
    const [, role = '', service = ''] =
      /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(req.headers.authorization ?? '') ?? [];
    const operation =
      String(req.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const called: Called = { role, service, operation, body, request: req };
    if (service === 'dynamodb') return this.#table(called, res);
    const { status, headers = {}, body: answer } = await this.#answer(called);
    res.writeHead(status, { ...headers }).end(req.method === 'HEAD' ? undefined : answer);
  }

  async #answer(called: Called): Promise<Answer> {
    switch (called.service) {
      case 's3':
        return this.#s3(called);
      case 'states':
        return this.#states(called);
      case 'lambda':
        return await this.#lambda(called);
      default:
        return await this.#engine(called);
    }
  }

  #table({ role, operation, body }: Called, res: ServerResponse): void {
    if (!this.policies.allow(role, tableWishes(operation, JSON.parse(body.toString()) as never))) {
      res.writeHead(denied.status, { ...denied.headers }).end(denied.body);
      return;
    }
    this.#database.call(operation, JSON.parse(body.toString()) as Record<string, unknown>).then(
      (answer) =>
        res
          .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
          .end(JSON.stringify(answer.body)),
      () => res.destroy(),
    );
  }

  #s3({ role, body, request: req }: Called): Answer {
    const asked = FakeObjects.parse(req, body);
    if (!this.policies.allow(role, FakeObjects.wishes(asked)))
      return {
        status: 403,
        headers: { 'content-type': 'application/xml' },
        body: '<Error><Code>AccessDenied</Code></Error>',
      };
    return this.objects.answer(asked, (bucket) =>
      this.policies.allow(role, [{ action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` }]),
    );
  }

  #states({ role, body }: Called): Answer {
    const { stateMachineArn, name, input } = JSON.parse(body.toString()) as {
      stateMachineArn: string;
      name: string;
      input: string;
    };
    if (!this.policies.allow(role, [{ action: 'states:StartExecution', resource: stateMachineArn }]))
      return denied;
    const headers = { 'content-type': 'application/x-amz-json-1.0' };
    if (this.outage)
      return {
        status: 400,
        headers,
        body: JSON.stringify({ __type: 'StateMachineDeleting', message: 'out of order' }),
      };
    if (this.executions.start(stateMachineArn, name, input) === 'taken') {
      return {
        status: 400,
        headers,
        body: JSON.stringify({
          __type: 'ExecutionAlreadyExists',
          message: `Execution Already Exists: '${name}'`,
        }),
      };
    }
    return {
      status: 200,
      headers,
      body: JSON.stringify({ executionArn: `${stateMachineArn}:${name}`, startDate: Date.now() / 1000 }),
    };
  }

  /** Lambda: units live in the fake; the functions of the stack are the bundles. */
  async #lambda({ role, body, request: req }: Called): Promise<Answer> {
    const request = {
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers as Record<string, string>,
      body,
    };
    const { operation, name, input } = this.lambda.read(request);
    if (!this.policies.allow(role, lambdaWishes(operation, name, input))) return denied;
    // Lambda looks whether the function's role would do, before it takes the order.
    if (
      input['VpcConfig'] !== undefined &&
      !this.policies.allow(String(input['Role']).split('/').at(-1) ?? '', interfaceWishes)
    )
      return denied;
    const [id] =
      this.#stack
        .ofType('AWS::Lambda::Function')
        .find(([each]) => this.#resolver.text({ Ref: each }) === name) ?? [];
    if (operation !== 'Invoke' || id === undefined) {
      const { response } = this.lambda.handle(request);
      return { status: response.statusCode, headers: response.headers, body: response.body };
    }
    if (req.headers['x-amz-invocation-type'] === 'Event') {
      const run = this.functions.invoke(id, input).finally(() => this.events.delete(run));
      this.events.add(run);
      return { status: 202, body: '' };
    }
    const headers = { 'content-type': 'application/json' };
    try {
      return { status: 200, headers, body: JSON.stringify(await this.functions.invoke(id, input)) };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error;
      return {
        status: 200,
        headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
        body: JSON.stringify({ errorType, errorMessage }),
      };
    }
  }

  async #engine({ role, operation, body, request: req }: Called): Promise<Answer> {
    const [, endpoint] = /^\/endpoints\/([^/]+)\/invocations$/.exec(req.url ?? '') ?? [];
    const input =
      endpoint === undefined
        ? (JSON.parse(body.toString()) as Readonly<Record<string, unknown>>)
        : { EndpointName: endpoint };
    const scaling = String(req.headers['x-amz-target'] ?? '').startsWith('AnyScale');
    const ofUnits = scaling && input['ServiceNamespace'] === 'lambda';
    const wishes = scaling
      ? scalingWishes(operation, input)
      : sageMakerWishes(endpoint === undefined ? operation : 'InvokeEndpoint', input);
    if (!this.policies.allow(role, wishes)) return denied;
    const { response } = await (ofUnits ? this.lambda : this.sagemaker).handle({
      method: 'POST',
      path: req.url ?? '',
      headers: req.headers as Record<string, string>,
      body,
    });
    return { status: response.statusCode, headers: response.headers, body: response.body };
  }
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function listening(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function bytesOf(req: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>));
}
