import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { VirtualClock } from '../fake-sagemaker/clock.ts';
import { ServiceError, type Input } from '../fake-sagemaker/service-error.ts';

/** What goes wrong with a call: refused, or carried out without its answer ever arriving. */
export type Fault = ServiceError | 'lost';

export interface FakeFunction {
  readonly input: Input;
  readonly tags: Map<string, string>;
  /** From when on all of Lambda knows the name. Absent: it always did. */
  readonly shownAt?: number;
  readonly activeAt: number;
  /** Until when somebody's update is under way. */
  updatingUntil?: number;
  reserved?: number;
  provisioned?: { requested: number; readyAt: number; failed?: string };
}

export interface UnitResult {
  /** Absent: `payload` is an answer. */
  readonly error?: 'Unhandled';
  readonly payload: unknown;
}

interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const region = 'eu-west-1';
const account = '123456789012';
const missing = (name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `Function not found: ${arnOf(name)}`, 404);
const arnOf = (name: string): string => `arn:aws:lambda:${region}:${account}:function:${name}`;

/**
 * Lambda's control plane, its Invoke, and Application Auto Scaling behind the real clients: everything is
 * serialised, sent and parsed, only the network is missing. It keeps state, has a clock of its own, and refuses as
 * the services are documented to.
 */
export class FakeLambda {
  readonly clock: VirtualClock;
  readonly functions = new Map<string, FakeFunction>();
  /** By resource id. */
  readonly targets = new Map<string, { min: number; max: number; policies: number }>();
  readonly calls: { readonly operation: string; readonly input: Input }[] = [];
  /** The account's concurrent executions. */
  concurrency = 1000;
  /**
   * Milliseconds until a new function is found by its name, until it is active, and until what is provisioned is
   * ready. Lambda is eventually consistent: the name is taken at once, and not found yet.
   */
  life = { hidden: 300, creating: 2000, provisioning: 20_000 };
  /** Why what is provisioned from now on fails. */
  provisioningFails: string | undefined;
  /** What a unit, or any other function, answers. */
  unit: (event: unknown, name: string) => UnitResult = () => ({ payload: { kind: 'warm' } });
  #faults: { readonly operation: string; readonly fault: Fault }[] = [];

  constructor(clock = new VirtualClock()) {
    this.clock = clock;
  }

  /** The next call of the operation goes wrong. */
  inject(operation: string, fault: Fault): void {
    this.#faults.push({ operation, fault });
  }

  /**
   * Somebody changes the function's code or configuration: it goes on serving, and takes no other order
   * meanwhile. (Lambda, "Lambda function states")
   */
  update(name: string, milliseconds: number): void {
    this.#need(name).updatingUntil = this.clock.now() + milliseconds;
  }

  takeOperations(): string[] {
    return this.calls.splice(0).map(({ operation }) => operation);
  }

  /** Everything of this account that costs money or clutters. */
  resources(): string[] {
    return [...this.functions.keys(), ...this.targets.keys()];
  }

  clients(): { readonly lambda: LambdaClient; readonly scaling: ApplicationAutoScalingClient } {
    const config = {
      region,
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      requestHandler: {
        handle: (request: HttpRequest) => Promise.resolve().then(() => this.handle(request)),
        destroy: () => undefined,
        metadata: { handlerProtocol: 'http/1.1' },
      } as never,
    };
    return { lambda: new LambdaClient(config), scaling: new ApplicationAutoScalingClient(config) };
  }

  /** Answers one request, as it is on the wire. */
  handle(request: HttpRequest): {
    readonly response: {
      readonly statusCode: number;
      readonly headers: Record<string, string>;
      readonly body: Uint8Array;
    };
  } {
    const { operation, name, input } = this.read(request);
    this.calls.push({ operation, input: { ...input, ...(name !== '' && { name }) } });
    const at = this.#faults.findIndex((each) => each.operation === operation);
    const [{ fault } = { fault: undefined }] = at < 0 ? [] : this.#faults.splice(at, 1);
    try {
      if (fault instanceof ServiceError) throw fault;
      const { status = 200, headers = {}, body } = this.#act(operation, name, input);
      if (fault === 'lost')
        throw Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' });
      return answer(status, headers, body);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const { type, message, status } = error;
      return answer(
        status,
        { 'x-amzn-errortype': type },
        { __type: type, Type: 'User', message, Message: message },
      );
    }
  }

  /** Which operation a request is, and of which function. */
  read({ method, path, query = {}, headers, body = '' }: HttpRequest): {
    readonly operation: string;
    readonly name: string;
    readonly input: Input;
  } {
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    const input = (text === '' ? {} : JSON.parse(text)) as Input;
    const target = headers['x-amz-target'];
    if (target !== undefined) return { operation: target.split('.')[1] ?? '', name: '', input };
    const [, , kind = '', rest = '', part = ''] = (path.split('?')[0] ?? '')
      .split('/')
      .map(decodeURIComponent);
    const name = rest.split(':function:').at(-1) ?? '';
    if (kind === 'account-settings') return { operation: 'GetAccountSettings', name: '', input };
    if (kind === 'tags') return { operation: method === 'GET' ? 'ListTags' : 'TagResource', name, input };
    const operations: Readonly<Record<string, string>> = {
      'POST ': 'CreateFunction',
      'GET ': name === '' ? 'ListFunctions' : 'GetFunction',
      'DELETE ': 'DeleteFunction',
      'POST invocations': 'Invoke',
      'PUT concurrency': 'PutFunctionConcurrency',
      'PUT provisioned-concurrency': 'PutProvisionedConcurrencyConfig',
      'GET provisioned-concurrency': 'GetProvisionedConcurrencyConfig',
    };
    const operation = operations[`${method} ${part}`] ?? `${method} ${part}`;
    const asked = { ...Object.fromEntries(new URLSearchParams(path.split('?')[1])), ...query };
    return { operation, name, input: operation === 'ListFunctions' ? asked : input };
  }

  #act(
    operation: string,
    name: string,
    input: Input,
  ): { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown } {
    const now = this.clock.now();
    switch (operation) {
      case 'CreateFunction': {
        const made = String(input['FunctionName']);
        if (this.functions.has(made))
          throw new ServiceError('ResourceConflictException', `Function already exist: ${made}`, 409);
        this.functions.set(made, {
          input,
          tags: new Map(Object.entries((input['Tags'] ?? {}) as Readonly<Record<string, string>>)),
          shownAt: now + this.life.hidden,
          activeAt: now + this.life.creating,
        });
        return { status: 201, body: { FunctionName: made, Version: '1', ...creating } };
      }
      case 'GetFunction': {
        const { tags, activeAt, updatingUntil = 0, reserved } = this.#need(name);
        return {
          body: {
            Configuration: {
              FunctionName: name,
              FunctionArn: arnOf(name),
              ...(now < activeAt
                ? creating
                : { State: 'Active', LastUpdateStatus: now < updatingUntil ? 'InProgress' : 'Successful' }),
            },
            Tags: Object.fromEntries(tags),
            ...(reserved !== undefined && { Concurrency: { ReservedConcurrentExecutions: reserved } }),
          },
        };
      }
      case 'ListFunctions':
        return { body: this.#page(input['Marker']) };
      case 'ListTags':
        return { body: { Tags: Object.fromEntries(this.#need(name).tags) } };
      case 'TagResource':
        for (const [key, value] of Object.entries(input['Tags'] as Readonly<Record<string, string>>))
          this.#idle(name).tags.set(key, value);
        return { status: 204, body: '' };
      case 'DeleteFunction':
        this.#idle(name);
        this.functions.delete(name);
        return { status: 204, body: '' };
      case 'GetAccountSettings':
        return {
          body: {
            AccountLimit: {
              ConcurrentExecutions: this.concurrency,
              UnreservedConcurrentExecutions: this.#unreserved(),
            },
          },
        };
      case 'PutFunctionConcurrency': {
        const found = this.#idle(name);
        const wanted = Number(input['ReservedConcurrentExecutions']);
        if (this.#unreserved() + (found.reserved ?? 0) - wanted < Math.min(100, this.concurrency))
          throw new ServiceError(
            'InvalidParameterValueException',
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
          );
        found.reserved = wanted;
        return { body: { ReservedConcurrentExecutions: wanted } };
      }
      case 'PutProvisionedConcurrencyConfig': {
        const found = this.#idle(name);
        const requested = Number(input['ProvisionedConcurrentExecutions']);
        if (requested > (found.reserved ?? Infinity))
          throw new ServiceError(
            'InvalidParameterValueException',
            'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
          );
        found.provisioned = {
          requested,
          readyAt: now + this.life.provisioning,
          ...(this.provisioningFails !== undefined && { failed: this.provisioningFails }),
        };
        return { status: 202, body: { Status: 'IN_PROGRESS' } };
      }
      case 'GetProvisionedConcurrencyConfig': {
        const { provisioned } = this.#need(name);
        if (provisioned === undefined)
          throw new ServiceError(
            'ProvisionedConcurrencyConfigNotFoundException',
            'No Provisioned Concurrency Config found for this function',
            404,
          );
        const { requested, readyAt, failed } = provisioned;
        const ready = now >= readyAt;
        const good = ready && failed === undefined;
        return {
          body: {
            RequestedProvisionedConcurrentExecutions: requested,
            AvailableProvisionedConcurrentExecutions: good ? requested : 0,
            Status: good ? 'READY' : ready ? 'FAILED' : 'IN_PROGRESS',
            ...(ready && failed !== undefined && { StatusReason: failed }),
          },
        };
      }
      case 'Invoke': {
        this.#active(name);
        const { error, payload } = this.unit(input, name);
        return {
          headers: error === undefined ? {} : { 'x-amz-function-error': error },
          body: payload,
        };
      }
      case 'RegisterScalableTarget': {
        const id = String(input['ResourceId']);
        if (!this.#shown(id.split(':')[1] ?? ''))
          throw new ServiceError('ValidationException', `Function does not exist: ${id}`);
        const known = this.targets.get(id);
        this.targets.set(id, {
          min: Number(input['MinCapacity']),
          max: Number(input['MaxCapacity']),
          policies: known?.policies ?? 0,
        });
        return { body: {} };
      }
      case 'PutScalingPolicy': {
        const target = this.targets.get(String(input['ResourceId']));
        if (target === undefined) throw new ServiceError('ObjectNotFoundException', 'No scalable target');
        target.policies = 1;
        return { body: { PolicyARN: 'arn:aws:autoscaling:policy', Alarms: [] } };
      }
      case 'DeregisterScalableTarget':
        if (!this.targets.delete(String(input['ResourceId'])))
          throw new ServiceError('ObjectNotFoundException', 'No scalable target found');
        return { body: {} };
      default:
        throw new ServiceError('UnknownOperationException', `there is no ${operation} here`);
    }
  }

  #unreserved(): number {
    return [...this.functions.values()].reduce((left, { reserved = 0 }) => left - reserved, this.concurrency);
  }

  /** Fifty at a time. (Lambda, ListFunctions) */
  #page(marker: unknown): object {
    const names = [...this.functions.keys()].filter((name) => this.#shown(name) !== undefined).sort();
    const from = typeof marker === 'string' ? names.indexOf(marker) : 0;
    const next = names[from + 50];
    return {
      Functions: names
        .slice(from, from + 50)
        .map((each) => ({ FunctionName: each, FunctionArn: arnOf(each) })),
      ...(next !== undefined && { NextMarker: next }),
    };
  }

  #shown(name: string): FakeFunction | undefined {
    const found = this.functions.get(name);
    return found !== undefined && this.clock.now() >= (found.shownAt ?? 0) ? found : undefined;
  }

  #need(name: string): FakeFunction {
    const found = this.#shown(name);
    if (found === undefined) throw missing(name);
    return found;
  }

  /** While a function is being made it can be neither called nor changed. */
  #active(name: string): FakeFunction {
    const found = this.#need(name);
    if (this.clock.now() < found.activeAt)
      throw conflict('The function is currently in the following state: Pending');
    return found;
  }

  /** While it is being updated it can be called. */
  #idle(name: string): FakeFunction {
    const found = this.#active(name);
    if (this.clock.now() < (found.updatingUntil ?? 0))
      throw conflict(`An update is in progress for resource: ${arnOf(name)}`);
    return found;
  }
}

const creating = {
  State: 'Pending',
  StateReason: 'The function is being created.',
  StateReasonCode: 'Creating',
  LastUpdateStatus: 'InProgress',
} as const;

const conflict = (why: string): ServiceError =>
  new ServiceError(
    'ResourceConflictException',
    `The operation cannot be performed at this time. ${why}`,
    409,
  );

const answer = (statusCode: number, headers: Record<string, string>, body: unknown) => ({
  response: {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(body === '' ? '' : JSON.stringify(body)),
  },
});
