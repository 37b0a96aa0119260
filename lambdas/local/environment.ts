import { resolve } from 'node:path';
import { operationNames } from '../contract/operations.ts';
import type { Rates } from '../contract/runs.ts';
import { fits } from '../domain/patterns.ts';
import { s3Actions } from './s3/actions.ts';
import { samplesBucket } from './samples/bucket.ts';
import {
  awsLimits,
  defaultQuotas,
  localLimits,
  localRates,
  type Limits,
  type Quotas,
  type Settings,
} from '../domain/settings.ts';
import { isObject } from '../contract/json.ts';

/** An access key that the local host accepts, and what it may be used for. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Who has it; it goes into records and messages. */
  readonly name: string;
  /** Operations, and S3's actions, with `*` for anything: `["Describe*", "StartModel", "s3:GetObject"]`. */
  readonly actions: readonly string[];
  readonly projects: readonly string[];
  /** Buckets that its calls may name. */
  readonly buckets: readonly string[];
}

export interface LocalEnvironment {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Absent: the embedded one. */
  readonly dynamodbEndpoint?: string;
  readonly keys: readonly AccessKey[];
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly region: string;
  readonly extensions: boolean;
  readonly rates: Rates;
  readonly hostingPolicy: Settings['hostingPolicy'];
}

type Variables = Readonly<Record<string, string | undefined>>;

const loopback = ['127.0.0.1', '::1', 'localhost'];

/**
 * What the local host was told by its environment. A variable that is empty is one that is not set.
 * @throws Error that names the variable and the rule
 */
export function localEnvironment(variables: Variables = process.env): LocalEnvironment {
  const given = (name: string): string | undefined => (variables[name] === '' ? undefined : variables[name]);
  const keys = accessKeys(given('CROWSNEST_KEYS'));
  const host = given('HOST') ?? '127.0.0.1';
  if (keys.length === 0 && !loopback.includes(host)) {
    throw new Error(
      `HOST is ${host}, which others can reach. Set CROWSNEST_KEYS, so that they must sign, or leave ` +
        'HOST unset.',
    );
  }
  const endpoint = given('DYNAMODB_ENDPOINT');
  if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
    throw new Error(
      `DYNAMODB_ENDPOINT must be a URL, http://127.0.0.1:8000 for example; it is "${endpoint}".`,
    );
  }
  const region = given('AWS_REGION') ?? 'us-east-1';
  if (!/^[a-z0-9-]{1,63}$/.test(region))
    throw new Error(`AWS_REGION must be the name of a region, us-east-1 for example; it is "${region}".`);
  return {
    host,
    keys,
    region,
    port: port(given('PORT') ?? '8080'),
    dataDir: resolve(given('DATA_DIR') ?? 'data'),
    ...(endpoint !== undefined && { dynamodbEndpoint: endpoint }),
    limits: choice('LIMITS', given('LIMITS') ?? 'local', { local: localLimits, aws: awsLimits }),
    quotas: quotas(given('QUOTAS')),
    extensions: choice('EXTENSIONS', given('EXTENSIONS') ?? 'on', { on: true, off: false }),
    rates: rates(given('PRICES')),
    hostingPolicy: hostingPolicy(given('HOSTING_POLICY')),
  };
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`PORT must be a whole number from 0 to 65535; it is "${text}".`);
  return Number(text);
}

function choice<T>(name: string, text: string, choices: Readonly<Record<string, T>>): T {
  if (!Object.hasOwn(choices, text))
    throw new Error(`${name} must be one of ${Object.keys(choices).join(', ')}; it is "${text}".`);
  return choices[text] as T;
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A parser's message would repeat the text, and there may be secrets in it.
    throw new Error(`${name} must be JSON.`);
  }
}

function quotas(text: string | undefined): Quotas {
  if (text === undefined) return defaultQuotas;
  const given = json('QUOTAS', text);
  if (!isObject(given)) throw new Error('QUOTAS must be a JSON object, {"runningModels": 3} for example.');
  for (const [quota, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultQuotas, quota))
      throw new Error(`QUOTAS knows ${Object.keys(defaultQuotas).join(', ')}; not "${quota}".`);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 1_000_000) {
      throw new Error(
        `QUOTAS.${quota} must be a whole number from 1 to 1000000; it is ${JSON.stringify(value)}.`,
      );
    }
  }
  return { ...defaultQuotas, ...given };
}

const policyMembers = ['MaxRunMinutes', 'IdleStopMinutes'] as const;

function hostingPolicy(text: string | undefined): LocalEnvironment['hostingPolicy'] {
  if (text === undefined) return {};
  const given = json('HOSTING_POLICY', text);
  const fits =
    isObject(given) &&
    Object.entries(given).every(
      ([member, minutes]) =>
        (policyMembers as readonly string[]).includes(member) &&
        Number.isInteger(minutes) &&
        Number(minutes) >= 0 &&
        Number(minutes) <= 525_600,
    );
  if (!fits) {
    throw new Error(
      `HOSTING_POLICY must be a JSON object with whole minutes for ${policyMembers.join(' and ')}, ` +
        'or one of them: {"MaxRunMinutes": 480, "IdleStopMinutes": 60} for example.',
    );
  }
  return given;
}

function rates(text: string | undefined): Rates {
  if (text === undefined) return localRates;
  const given = json('PRICES', text);
  const { currency = localRates.currency, process: perHour, ...rest } = isObject(given) ? given : {};
  const fits =
    Object.keys(rest).length === 0 &&
    typeof currency === 'string' &&
    /^[A-Z]{3}$/.test(currency) &&
    typeof perHour === 'number' &&
    Number.isFinite(perHour) &&
    perHour >= 0;
  if (!fits) {
    throw new Error(
      'PRICES must be a JSON object with what an hour of a process costs, and perhaps a currency: ' +
        '{"process": 0.02, "currency": "EUR"} for example.',
    );
  }
  return { currency, onnx: { ...localRates.onnx, perHour } };
}

function accessKeys(text: string | undefined): AccessKey[] {
  if (text === undefined) return [];
  const list = json('CROWSNEST_KEYS', text);
  if (!Array.isArray(list) || list.length === 0)
    throw new Error(
      'CROWSNEST_KEYS must be a JSON list of at least one key. Leave it unset if nobody is to sign.',
    );
  const keys = list.map(accessKey);
  const twice = keys.find(
    ({ accessKeyId }, index) => keys.findIndex((other) => other.accessKeyId === accessKeyId) !== index,
  );
  if (twice !== undefined) throw new Error(`CROWSNEST_KEYS has the accessKeyId ${twice.accessKeyId} twice.`);
  return keys;
}

function accessKey(each: unknown, index: number): AccessKey {
  const given = isObject(each) ? each : {};
  const at = (member: string): string => `CROWSNEST_KEYS[${index}].${member}`;
  const text = (member: string): string => {
    const value = given[member];
    if (typeof value !== 'string' || value === '') throw new Error(`${at(member)} must be a text.`);
    return value;
  };
  const texts = (member: string, otherwise: readonly string[] = ['*']): string[] => {
    const value = given[member] ?? otherwise;
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw new Error(`${at(member)} must be a list of texts.`);
    return value as string[];
  };
  const unknown = Object.keys(given).find((member) => !members.includes(member));
  // "action" for "actions" would allow everything.
  if (unknown !== undefined) throw new Error(`${at(unknown)} is not known; a key has ${members.join(', ')}.`);
  const accessKeyId = text('accessKeyId');
  if (!/^[^\s,/]+$/.test(accessKeyId))
    throw new Error(
      `${at('accessKeyId')} must be without spaces, commas and slashes: a signature could not name it.`,
    );
  const idle = texts('actions').find(
    (pattern) => ![...operationNames, ...s3Actions].some((name) => fits(pattern, name)),
  );
  if (idle !== undefined)
    throw new Error(`${at('actions')} has "${idle}", which is no operation's name, and fits none.`);
  return {
    accessKeyId,
    secretAccessKey: text('secretAccessKey'),
    name: given['name'] === undefined ? accessKeyId : text('name'),
    actions: texts('actions'),
    projects: texts('projects'),
    // What a key may do with projects says nothing of whose pictures it may read.
    buckets: texts('buckets', [samplesBucket]),
  };
}

const members: readonly string[] = [
  'accessKeyId',
  'secretAccessKey',
  'name',
  'actions',
  'projects',
  'buckets',
] satisfies readonly (keyof AccessKey)[];
