import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { VirtualClock } from './clock.ts';
import { control } from './control.ts';
import { lists } from './lists.ts';
import { packages } from './packages.ts';
import { invoke, type Container } from './runtime.ts';
import { scaling } from './scaling.ts';
import { ServiceError, throttled, type Input } from './service-error.ts';
import { training } from './training.ts';
import { transform } from './transform.ts';
import { World, type Package, type Status } from './world.ts';

/**
 * What goes wrong with a call. `throttled`: refused, nothing done. `lost`: carried out, and the answer never
 * arrives. `unreachable`: never arrived. `silent`: no answer until the caller gives up. Or an error of the
 * service's own, nothing done.
 */
export type Fault = 'throttled' | 'lost' | 'unreachable' | 'silent' | ServiceError;

export interface Call {
  readonly operation: string;
  readonly input: Input;
  /** Of the virtual clock. */
  readonly at: number;
}

/** As much of a request as the SDK's transports get to see. */
interface HttpRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface HttpAnswer {
  readonly response: {
    readonly statusCode: number;
    readonly headers: Record<string, string>;
    readonly body: Uint8Array;
  };
}

const severed = (): Error =>
  Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });

/**
 * SageMaker, its runtime and Application Auto Scaling in one process, behind the real clients: everything is
 * serialised, sent and parsed, only the network is missing. It has state, a clock of its own, the service's
 * rules and, as far as they are known, its sentences.
 */
export class FakeSageMaker {
  readonly clock: VirtualClock;
  readonly world: World;
  readonly calls: Call[] = [];
  #faults: { readonly operation: string; readonly fault: Fault; times: number; after: number }[] = [];

  constructor(clock = new VirtualClock()) {
    this.clock = clock;
    this.world = new World(clock);
  }

  set container(container: Container) {
    this.world.container = container;
  }

  /**
   * Calls of the operation (`*`: of any) go wrong: `times` of them, once, unless told otherwise, when `after`
   * others have gone well.
   */
  inject(
    operation: string,
    fault: Fault,
    { times = 1, after = 0 }: { readonly times?: number; readonly after?: number } = {},
  ): void {
    this.#faults.push({ operation, fault, times, after });
  }

  /** How many calls have still to go wrong. */
  pendingFaults(): number {
    return this.#faults.reduce((sum, { times }) => sum + times, 0);
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#faults = [];
  }

  operations(): string[] {
    return this.calls.map(({ operation }) => operation);
  }

  /** Names of the operations since the last time this was asked. */
  takeOperations(): string[] {
    return this.calls.splice(0).map(({ operation }) => operation);
  }

  resources(): string[] {
    return this.world.resources();
  }

  /** Puts an endpoint into a state, for `lasting` milliseconds if given, after which it serves. */
  force(
    name: string,
    status: Status,
    more: { readonly reason?: string; readonly lasting?: number } = {},
  ): void {
    this.world.settle();
    const endpoint = this.world.endpoint(name);
    endpoint.status = status;
    if (more.reason !== undefined) endpoint.reason = more.reason;
    endpoint.coming =
      more.lasting === undefined ? [] : [{ at: this.clock.now() + more.lasting, status: 'InService' }];
  }

  /** Puts a package there that no call made; `input` are further members of its description. */
  addPackage(
    name: string,
    input: Input = {},
    more: Partial<Pick<Package, 'status' | 'marketplace' | 'readyAt'>> = {},
  ): string {
    const arn = this.world.arn('model-package', name);
    this.world.packages.set(name, {
      name,
      arn,
      created: this.clock.now(),
      tags: new Map(),
      input,
      status: 'Completed',
      readyAt: 0,
      seeded: true,
      marketplace: true,
      ...more,
    });
    return arn;
  }

  /** Clients that try once, unless told otherwise, so that every call is one that was asked for. */
  clients(maxAttempts = 1) {
    const handle = (
      request: HttpRequest,
      { abortSignal }: { readonly abortSignal?: AbortSignal } = {},
    ): Promise<HttpAnswer> => this.handle(request, abortSignal);
    const config = {
      region: this.world.region,
      maxAttempts,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      requestHandler: {
        handle,
        destroy: () => undefined,
        metadata: { handlerProtocol: 'http/1.1' },
      } as never,
    };
    return {
      sagemaker: new SageMakerClient(config),
      runtime: new SageMakerRuntimeClient(config),
      scaling: new ApplicationAutoScalingClient(config),
    };
  }

  /** Answers one request, as it is on the wire. */
  async handle(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const { operation, input, act } = this.#read(request);
    this.calls.push({ operation, input, at: this.clock.now() });
    this.world.settle();
    const fault = this.#next(operation);
    if (fault === 'unreachable') throw severed();
    if (fault === 'silent') return silence(signal);
    try {
      if (fault === 'throttled') throw throttled();
      if (fault instanceof ServiceError) throw fault;
      const body = act();
      if (fault === 'lost') throw severed();
      return answer(200, {}, body);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const { type, message, status, members } = error;
      return answer(
        status,
        { 'x-amzn-errortype': type },
        JSON.stringify({ __type: type, message, Message: message, ...members }),
      );
    }
  }

  #read({ path, headers, body = '' }: HttpRequest): {
    readonly operation: string;
    readonly input: Input;
    readonly act: () => string | Uint8Array;
  } {
    const [, name] = /^\/endpoints\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (name !== undefined) {
      const picture = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      const type = headers['content-type'] ?? '';
      return {
        operation: 'InvokeEndpoint',
        input: { EndpointName: name, ContentType: type, bytes: picture.length },
        act: () => invoke(this.world, this.world.container, name, picture, type),
      };
    }
    const [service, operation = ''] = (headers['x-amz-target'] ?? '').split('.');
    const input = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as Input;
    const operations =
      service === 'SageMaker'
        ? { ...control, ...lists, ...packages, ...training, ...transform }
        : service === 'AnyScaleFrontendService'
          ? scaling
          : {};
    const act = (): string => {
      const handler = operations[operation];
      if (handler === undefined)
        throw new ServiceError('UnknownOperationException', `${service ?? ''} has no ${operation} here`);
      return JSON.stringify(handler(this.world, input));
    };
    return { operation, input, act };
  }

  #next(operation: string): Fault | undefined {
    for (const each of this.#faults) {
      if (each.times === 0 || (each.operation !== '*' && each.operation !== operation)) continue;
      if (each.after > 0) {
        each.after -= 1;
        continue;
      }
      each.times -= 1;
      return each.fault;
    }
    return undefined;
  }
}

/** As a transport does it: it waits, and fails when the signal says so. */
const silence = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => {
    signal?.addEventListener('abort', () =>
      reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' })),
    );
  });

const answer = (
  statusCode: number,
  headers: Record<string, string>,
  body: string | Uint8Array,
): HttpAnswer => ({
  response: {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  },
});
