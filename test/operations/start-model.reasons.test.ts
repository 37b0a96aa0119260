import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StartModelCommand, StopModelCommand } from '@aws-sdk/client-lookoutvision';
import { marshall } from '@aws-sdk/util-dynamodb';
import { invalid, refusal } from '../helpers/refusal.ts';
import { testService } from '../helpers/service.ts';
import type { World } from '../helpers/world.ts';

// Why DynamoDB cancelled the transaction, in all the ways in which the token, the model and the quota can
// stand in its way. An emulator never makes conflicts, so the reasons are put in its place, once, in the form
// in which DynamoDB sends them.

const service = testService();

type Code = 'None' | 'ConditionalCheckFailed' | 'TransactionConflict';
const none: Code = 'None';
const failed: Code = 'ConditionalCheckFailed';
const conflicted: Code = 'TransactionConflict';

const message = {
  None: undefined,
  ConditionalCheckFailed: 'The conditional request failed',
  TransactionConflict: 'Transaction is ongoing for the item',
};
const items: Record<'token' | 'model' | 'quota', Record<string, unknown>> = {
  token: {
    pk: 'T#StartModel#one',
    sk: 'TOKEN',
    fingerprint: 'of other parameters',
    answer: { Status: 'STARTING_HOSTING' },
    operationId: 'x',
    version: '1',
    expiresAt: 4_000_000_000,
  },
  model: {
    pk: 'P#parts',
    sk: 'MODEL#0000000001',
    v: 1,
    project: 'parts',
    version: '1',
    createdAt: 0,
    status: 'DELETING',
    statusMessage: 'The model is being deleted.',
    operation: { id: 'x', attempt: 1, at: 0, deadline: 0, actor: 'somebody', kind: 'delete' },
    source: {},
  },
  quota: { pk: 'QUOTA', sk: 'RUNNING_MODELS', used: 2 },
};

/** Two budgets are asked between the model and the quota; they, and the row of a run, which is always new, agree. */
function cancelled(codes: readonly [Code, Code, Code]): { status: number; body: object } {
  const reasons = codes.map((Code, index) => ({
    Code,
    ...(message[Code] !== undefined && { Message: message[Code] }),
    ...(Code === failed && {
      Item: marshall(items[(['token', 'model', 'quota'] as const)[index] ?? 'quota']),
    }),
  }));
  return {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(', ')}]`,
      CancellationReasons: [
        ...reasons.slice(0, 2),
        { Code: none },
        { Code: none },
        ...reasons.slice(2),
        { Code: none },
      ],
    },
  };
}

let world: World;
const model = { ProjectName: 'parts', ModelVersion: '1' };
const start = () =>
  world.client.send(new StartModelCommand({ ...model, MinInferenceUnits: 1, ClientToken: 'one' }));
let attempts = 0;

/** The first `times` writes of transactions are answered so; later ones are carried out. */
function cancel(codes: readonly [Code, Code, Code], times = 1): void {
  service.dynamo.intercept = (operation) => {
    if (operation !== 'TransactWriteItems') return undefined;
    attempts += 1;
    return attempts <= times ? cancelled(codes) : undefined;
  };
}

beforeEach(async () => {
  world = await service.open();
  await world.trained();
  world.frozen = true;
  attempts = 0;
});
afterEach(() => {
  jest.restoreAllMocks();
});

const begun = { Status: 'STARTING_HOSTING' };
const tokenReason = invalid(
  'The client token was used before with other parameters. A token names one call: repeat that call unchanged, or choose another token.',
);
const modelReason = {
  name: 'ConflictException',
  status: 409,
  message: 'Model version 1 of project parts cannot be started while its status is DELETING.',
  ResourceId: 'parts/1',
  ResourceType: 'MODEL',
};
const quotaReason = {
  name: 'ServiceQuotaExceededException',
  status: 402,
  message:
    'At most 2 models can run at once. A model counts until its hosting resources are gone; stop one, or raise runningModels in the quotas of this deployment (QUOTAS of a local host).',
  QuotaCode: 'L-82DA2ABD',
  ServiceCode: 'lookoutvision',
  ResourceId: 'parts/1',
  ResourceType: 'MODEL',
};

describe('a conflict anywhere says nothing of the rest: the whole transaction is tried again, and succeeds', () => {
  test.each<[Code, Code, Code]>([
    [conflicted, none, none],
    [none, conflicted, none],
    [none, none, conflicted],
    [conflicted, failed, none],
    [conflicted, none, failed],
    [conflicted, failed, failed],
    [failed, conflicted, none],
    [none, conflicted, failed],
    [failed, conflicted, failed],
    [failed, none, conflicted],
    [none, failed, conflicted],
    [failed, failed, conflicted],
    [conflicted, conflicted, none],
    [conflicted, none, conflicted],
    [none, conflicted, conflicted],
    [conflicted, conflicted, failed],
    [conflicted, failed, conflicted],
    [failed, conflicted, conflicted],
    [conflicted, conflicted, conflicted],
  ])('token %s, model %s, quota %s', async (...codes) => {
    cancel(codes);
    expect(await start()).toMatchObject(begun);
    expect(attempts).toBe(2);
    expect(await world.reserved()).toEqual({ used: 1, reserved: 1 });
  });
});

describe("no conflict: the token's reason wins, then the model's, then the quota's", () => {
  test.each<[[Code, Code, Code], object]>([
    [[failed, none, none], tokenReason],
    [[failed, failed, none], tokenReason],
    [[failed, none, failed], tokenReason],
    [[failed, failed, failed], tokenReason],
    [[none, failed, none], modelReason],
    [[none, failed, failed], modelReason],
    [[none, none, failed], quotaReason],
  ])('%j', async (codes, expected) => {
    cancel(codes);
    expect(await refusal(start())).toEqual(expected);
    expect(attempts).toBe(1);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
    expect(await world.executions()).toHaveLength(1);
  });
});

test('none of the three, for the one that is left: cancelled without a reason is a failure of ours', async () => {
  cancel([none, none, none]);
  expect(await refusal(start())).toMatchObject({ name: 'InternalServerException', status: 500 });
  expect(await start()).toMatchObject(begun);
});

describe('conflicts that do not end', () => {
  test('429 after three seconds, and Retry-After: 1', async () => {
    cancel([none, conflicted, none], Infinity);
    const before = world.clock.now();
    const response = await world.post(
      '/2020-11-20/projects/parts/models/1/start',
      { MinInferenceUnits: 1 },
      { 'x-amzn-client-token': 'one' },
    );
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('x-amzn-errortype')).toBe('ThrottlingException');
    expect(attempts).toBeGreaterThan(5);
    expect(world.clock.now() - before).toBeLessThanOrEqual(3000);
    expect(await world.reserved()).toEqual({ used: 0, reserved: 0 });
  });

  test('the pauses between the tries are random, and grow to half a second', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    cancel([none, none, conflicted], Infinity);
    await refusal(start());
    // 20, 40, 80, 160, 320 and then 500 at a time: 620 + 4 x 500 = 2620, and one more would pass 3000
    expect(attempts).toBe(10);
  });
});

describe('a write of a single row', () => {
  const stop = () => world.post('/2020-11-20/projects/parts/models/1/stop', undefined);
  const inTheWay = {
    status: 400,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionConflictException',
      message: 'Transaction is ongoing for the item',
    },
  };

  test('meets a transaction, and is tried again', async () => {
    await start();
    let updates = 0;
    service.dynamo.intercept = (operation) => {
      if (operation !== 'UpdateItem') return undefined;
      updates += 1;
      return updates < 4 ? inTheWay : undefined;
    };
    const response = await stop();
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ Status: 'STOPPING_HOSTING' });
    expect(updates).toBe(4);
  });

  test('meets one transaction after another: 429', async () => {
    await start();
    service.dynamo.intercept = (operation) => (operation === 'UpdateItem' ? inTheWay : undefined);
    expect((await stop()).status).toBe(429);
    expect(await world.describe(model)).toMatchObject({ Status: 'STARTING_HOSTING' });
  });

  test('is refused by its condition, and not tried again', async () => {
    let updates = 0;
    service.dynamo.intercept = (operation) => {
      updates += operation === 'UpdateItem' ? 1 : 0;
      return undefined;
    };
    const response = await stop();
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({
      Message: 'Model version 1 of project parts cannot be stopped while its status is TRAINED.',
    });
    expect(updates).toBe(1);
  });
});

describe('an answer of DynamoDB that is lost', () => {
  const loseFirst = (operation: string) => {
    let lost = 0;
    service.dynamo.loseAnswer = (each) => each === operation && ++lost === 1;
  };

  test('of the transaction: the call was the first, and delivers what it committed', async () => {
    loseFirst('TransactWriteItems');
    expect(await start()).toMatchObject(begun);
    expect(await world.deployments(model)).toHaveLength(1);
    expect(await world.executions()).toHaveLength(2);
  });

  test("of a single write: it is not taken for somebody else's", async () => {
    await start();
    loseFirst('UpdateItem');
    const response = await world.post('/2020-11-20/projects/parts/models/1/stop', undefined);
    expect(response.status).toBe(202);
    expect(await world.executions()).toHaveLength(3);
  });
});

test('StopModel under a token meets its own kind of reasons', async () => {
  await start();
  cancel([failed, none, none]);
  expect(await refusal(world.client.send(new StopModelCommand({ ...model, ClientToken: 'one' })))).toEqual(
    tokenReason,
  );
});
