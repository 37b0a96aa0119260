import { resolve } from 'node:path';
import { z } from 'zod';
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

/** What a value must be, and what it is: only where it can be no secret. */
const must = (rule: string) => ({
  error: ({ input }: { readonly input?: unknown }): string =>
    `must be ${rule}; it is ${JSON.stringify(input)}`,
});

const oneOf = <T>(choices: Readonly<Record<string, T>>): z.ZodType<T, string> => {
  const names = Object.keys(choices);
  return z.enum(names, must(`one of ${names.join(', ')}`)).transform((name) => choices[name] as T);
};

/** A parser's message would repeat the text, and there may be secrets in it. */
const json = z.string().transform((text, ctx): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    ctx.issues.push({ code: 'custom', message: 'must be JSON', input: text });
    return z.NEVER;
  }
});

const quotaNames = Object.keys(defaultQuotas) as (keyof Quotas)[];
const count = must('a whole number from 1 to 1000000');
const quota = z.int(count).min(1, count).max(1_000_000, count);
const quotas = z.strictObject(
  Object.fromEntries(quotaNames.map((name) => [name, quota.default(defaultQuotas[name])])) as Readonly<
    Record<keyof Quotas, z.ZodDefault<typeof quota>>
  >,
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `knows ${quotaNames.join(', ')}; not "${String(issue.keys[0])}"`
        : 'must be a JSON object, {"runningModels": 3} for example',
  },
);

const text = z.string('must be a text').min(1, 'must be a text');
const texts = z.array(z.string('must be a text'), 'must be a list of texts');
const actionNames = [...operationNames, ...s3Actions];

const keyMembers = [
  'accessKeyId',
  'secretAccessKey',
  'name',
  'actions',
  'projects',
  'buckets',
] satisfies readonly (keyof AccessKey)[];
const accessKey = z
  .strictObject(
    {
      accessKeyId: text.regex(
        /^[^\s,/]+$/,
        'must be without spaces, commas and slashes: a signature could not name it',
      ),
      secretAccessKey: text,
      name: text.optional(),
      actions: texts.default(['*']).superRefine((patterns, ctx) => {
        const idle = patterns.find((pattern) => !actionNames.some((name) => fits(pattern, name)));
        if (idle !== undefined) ctx.addIssue(`has "${idle}", which is no operation's name, and fits none`);
      }),
      projects: texts.default(['*']),
      // What a key may do with projects says nothing of whose pictures it may read.
      buckets: texts.default([samplesBucket]),
    },
    {
      // "action" for "actions" would allow everything.
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? `has ${String(issue.keys[0])}, which is not known; a key has ${keyMembers.join(', ')}`
          : 'must be an object',
    },
  )
  .transform((key): AccessKey => ({ ...key, name: key.name ?? key.accessKeyId }));

const listOfKeys = 'must be a JSON list of at least one key. Leave it unset if nobody is to sign';
const accessKeys = z
  .array(accessKey, listOfKeys)
  .min(1, listOfKeys)
  .superRefine((keys, ctx) => {
    const ids = keys.map(({ accessKeyId }) => accessKeyId);
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) ctx.addIssue(`has the accessKeyId ${twice} twice`);
  });

const policyForm =
  'must be a JSON object with whole minutes for MaxRunMinutes and IdleStopMinutes, or one of them: ' +
  '{"MaxRunMinutes": 480, "IdleStopMinutes": 60} for example';
const minutes = 'must be whole minutes from 0 to 525600';
const policyMinutes = z.int(minutes).min(0, minutes).max(525_600, minutes).exactOptional();
const hostingPolicy = z.strictObject(
  { MaxRunMinutes: policyMinutes, IdleStopMinutes: policyMinutes },
  policyForm,
);

const priceForm =
  'must be a JSON object with what an hour of a process costs, and perhaps a currency: ' +
  '{"process": 0.02, "currency": "EUR"} for example';
const perHourRule = 'must be what an hour of a process costs, 0 or more';
const currencyRule = 'must be three capital letters, EUR for example';
const prices = z
  .strictObject(
    {
      process: z.number(perHourRule).min(0, perHourRule),
      currency: z
        .string(currencyRule)
        .regex(/^[A-Z]{3}$/, currencyRule)
        .default(localRates.currency),
    },
    priceForm,
  )
  .transform(({ process: perHour, currency }): Rates => ({
    currency,
    onnx: { ...localRates.onnx, perHour },
  }));

const port = must('a whole number from 0 to 65535');

const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, port)
    .refine((digits) => Number(digits) <= 65_535, port)
    .transform(Number)
    .default(8080),
  DATA_DIR: z.string().default('data'),
  DYNAMODB_ENDPOINT: z
    .url({ protocol: /^https?$/, error: must('a URL, http://127.0.0.1:8000 for example').error })
    .optional(),
  AWS_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, must('the name of a region, us-east-1 for example'))
    .default('us-east-1'),
  LIMITS: oneOf({ local: localLimits, aws: awsLimits }).default(localLimits),
  EXTENSIONS: oneOf({ on: true, off: false }).default(true),
  QUOTAS: json.pipe(quotas).default(defaultQuotas),
  CROWSNEST_KEYS: json.pipe(accessKeys).default([]),
  PRICES: json.pipe(prices).default(localRates),
  HOSTING_POLICY: json.pipe(hostingPolicy).default({}),
});

/**
 * What the local host was told by its environment. A variable that is empty is one that is not set.
 * @throws Error that names the variable, the member and the rule, and holds no secret
 */
export function localEnvironment(variables: Variables = process.env): LocalEnvironment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const { data: told, error } = environment.safeParse(set);
  if (error !== undefined) throw new Error(sentenceOf(error.issues[0]));
  const { HOST: host, CROWSNEST_KEYS: keys, DYNAMODB_ENDPOINT: dynamodbEndpoint } = told;
  if (keys.length === 0 && !loopback.includes(host)) {
    throw new Error(
      `HOST is ${host}, which others can reach. Set CROWSNEST_KEYS, so that they must sign, or leave HOST ` +
        'unset.',
    );
  }
  return {
    host,
    keys,
    region: told.AWS_REGION,
    port: told.PORT,
    dataDir: resolve(told.DATA_DIR),
    ...(dynamodbEndpoint !== undefined && { dynamodbEndpoint }),
    limits: told.LIMITS,
    quotas: told.QUOTAS,
    extensions: told.EXTENSIONS,
    rates: told.PRICES,
    hostingPolicy: told.HOSTING_POLICY,
  };
}

/** The variable, the member, and what is wrong: `CROWSNEST_KEYS[0].actions must be a list of texts.` */
function sentenceOf(issue: z.core.$ZodIssue | undefined): string {
  const [name = '', ...path] = (issue?.path ?? []).map(String);
  const member = path.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('');
  return `${name}${member} ${issue?.message ?? 'is not understood'}.`;
}
