import { resolve } from 'node:path';
import { awsLimits, defaultQuotas, localLimits, type Limits, type Quotas } from '../domain/settings.ts';

/** An access key that the local host accepts, and what it may be used for. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Who has it; it goes into records and messages. */
  readonly name: string;
  /** Operations, with `*` for anything: `["Describe*", "StartModel"]`. */
  readonly actions: readonly string[];
  readonly projects: readonly string[];
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
}

type Variables = Readonly<Record<string, string | undefined>>;

const loopback = ['127.0.0.1', '::1', 'localhost'];

/**
 * What the local host was told by its environment.
 * @throws Error that names the variable and the rule
 */
export function localEnvironment(variables: Variables = process.env): LocalEnvironment {
  const keys = accessKeys(variables['CROWSNEST_KEYS']);
  const host = variables['HOST'] ?? '127.0.0.1';
  if (keys.length === 0 && !loopback.includes(host)) {
    throw new Error(`HOST is ${host}, which others can reach. Set CROWSNEST_KEYS, so that they must sign, or leave HOST unset.`);
  }
  const endpoint = variables['DYNAMODB_ENDPOINT'];
  if (endpoint !== undefined && !URL.canParse(endpoint)) throw new Error('DYNAMODB_ENDPOINT must be a URL, http://127.0.0.1:8000 for example.');
  return {
    host, keys,
    port: integer('PORT', variables['PORT'] ?? '8080', 0, 65_535),
    dataDir: resolve(variables['DATA_DIR'] ?? 'data'),
    ...(endpoint !== undefined && { dynamodbEndpoint: endpoint }),
    limits: choice('LIMITS', variables['LIMITS'] ?? 'local', { local: localLimits, aws: awsLimits }),
    quotas: quotas(variables['QUOTAS']),
    region: variables['AWS_REGION'] ?? 'us-east-1',
    extensions: choice('EXTENSIONS', variables['EXTENSIONS'] ?? 'on', { on: true, off: false }),
  };
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < min || value > max) throw new Error(`${name} must be a whole number from ${min} to ${max}; it is "${text}".`);
  return value;
}

function choice<T>(name: string, text: string, choices: Readonly<Record<string, T>>): T {
  if (!Object.hasOwn(choices, text)) throw new Error(`${name} must be one of ${Object.keys(choices).join(', ')}; it is "${text}".`);
  return choices[text] as T;
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${name} must be JSON.`);
  }
}

function quotas(text: string | undefined): Quotas {
  if (text === undefined) return defaultQuotas;
  const given = json('QUOTAS', text) as Record<string, unknown>;
  for (const [quota, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultQuotas, quota)) throw new Error(`QUOTAS knows ${Object.keys(defaultQuotas).join(', ')}; not "${quota}".`);
    integer(`QUOTAS.${quota}`, String(value), 0, 1_000_000);
  }
  return { ...defaultQuotas, ...given };
}

function accessKeys(text: string | undefined): AccessKey[] {
  if (text === undefined || text === '') return [];
  const list = json('CROWSNEST_KEYS', text);
  if (!Array.isArray(list)) throw new Error('CROWSNEST_KEYS must be a JSON list of keys.');
  return list.map((each: unknown, index) => {
    const given = (typeof each === 'object' && each !== null ? each : {}) as Record<string, unknown>;
    const text = (member: string): string => {
      const value = given[member];
      if (typeof value !== 'string' || value === '') throw new Error(`CROWSNEST_KEYS[${index}].${member} must be a text.`);
      return value;
    };
    const texts = (member: string): string[] => {
      const value = given[member] ?? ['*'];
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw new Error(`CROWSNEST_KEYS[${index}].${member} must be a list of texts.`);
      return value as string[];
    };
    const accessKeyId = text('accessKeyId');
    return {
      accessKeyId, secretAccessKey: text('secretAccessKey'), name: given['name'] === undefined ? accessKeyId : text('name'),
      actions: texts('actions'), projects: texts('projects'),
    };
  });
}
