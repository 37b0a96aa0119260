import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { concurrency } from '../../cli/preflight/concurrency-check.ts';
import type { Finding } from '../../cli/preflight/finding.ts';
import { configOf } from '../../lib/config/read-config.ts';
import { openFakeAccount, type FakeAccount } from '../helpers/fake-account.ts';

const region = 'eu-west-1';
const credentials = () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' });

let aws: FakeAccount;
const before = process.env['AWS_ENDPOINT_URL'];
beforeEach(async () => {
  aws = await openFakeAccount(region);
  process.env['AWS_ENDPOINT_URL'] = aws.url;
});
afterEach(async () => {
  if (before === undefined) delete process.env['AWS_ENDPOINT_URL'];
  else process.env['AWS_ENDPOINT_URL'] = before;
  await aws.close();
});

const look = (config: object): Promise<Finding> =>
  concurrency({ stage: 'dev', config: configOf('dev', config), caller: { region, credentials } });

describe('concurrent executions of Lambda', () => {
  const provisioned = { lambda: { units: 'provisioned' } };
  const reserving = {
    buckets: ['pictures'],
    reservedConcurrency: { read: 10, write: 10, detect: 150, sweep: 2 },
  };
  const units = { ...reserving, ...provisioned };

  type Case = [what: string, limit: number, reserved: object, config: object, outcome: string, saw: RegExp];
  test.each<Case>([
    // limit, what others and the stage have reserved, configuration, outcome, what it saw
    ['of a new account: on demand is tried out', 10, {}, {}, 'warning', /5 pictures at once/],
    ['of a new account: no unit is provisioned', 10, {}, provisioned, 'failed', /no model can be started$/],
    ['of a new account: nothing is reserved', 10, {}, reserving, 'failed', /cannot be deployed$/],
    ['of a small account: on demand reserves nothing', 150, {}, {}, 'ok', /on demand$/],
    ['of a small account: some units', 105, {}, provisioned, 'warning', /: 5 units can run at once$/],
    ['of a small account: all units', 110, {}, provisioned, 'ok', /up to 10 for units/],
    ['that the sweep reserves count too', 271, {}, reserving, 'failed', /reserves 172 for its functions/],
    ['that are just enough for the functions', 272, {}, reserving, 'ok', /172 can be reserved/],
    [
      'that are just enough for the functions, with no unit',
      272,
      {},
      units,
      'failed',
      /no model can be started$/,
    ],
    ['and one unit', 273, {}, units, 'warning', /: 1 unit can run at once$/],
    ['and all units', 282, {}, units, 'ok', /182 can be reserved/],
    ['that others have reserved', 282, { theirs: 1 }, units, 'warning', /: 9 units can run at once$/],
    [
      'that the stage itself has reserved are not needed twice',
      282,
      { 'Crowsnest-dev-Detecthandler1-X': 150, 'Crowsnest-dev-Sweep-X': 2, 'cn-dev-one': 5, 'cn-dev-two': 5 },
      units,
      'ok',
      /182 can be reserved/,
    ],
    [
      'that another stage has reserved are not there',
      282,
      { 'Crowsnest-prod-Detecthandler1-X': 150, 'cn-prod-one': 5 },
      units,
      'failed',
      /27 can be reserved/,
    ],
  ])('%s', async (_, limit, reserved, config, outcome, saw) => {
    aws.state.concurrency = limit;
    for (const [name, count] of Object.entries(reserved) as [string, number][])
      aws.state.functions.set(name, count);
    const found = await look(config);
    expect(found).toMatchObject({ outcome, saw: expect.stringMatching(saw) });
    if (outcome !== 'ok') expect(found.remedy).toContain('L-B99A9384');
  });

  test('are unknown to who may not list functions, which is said with the right', async () => {
    aws.state.functions.set('theirs', 1);
    aws.state.denied.add('lambda:GET /2015-03-31/functions');
    const found = await look({});
    expect(found.outcome).toBe('unknown');
    expect(found.remedy).toContain('lambda:ListFunctions');
  });
});
