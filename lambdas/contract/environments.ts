import { isObject } from './json.ts';
import { engineNames, type Rates } from './runs.ts';

/**
 * The environment variables of every deployed function, as data that the stack and the code share: a function
 * whose construct forgets one does not compile, and one that loses one does not start.
 */
export type Form =
  /** As it is. The only form whose value may be unknown until the stack is deployed. */
  | { readonly form: 'text'; readonly optional?: true }
  | { readonly form: 'integer' }
  | { readonly form: 'switch' }
  | { readonly form: 'list' }
  | { readonly form: 'map' }
  /** What inference units cost. */
  | { readonly form: 'rates' }
  /** A whole number, 0 or more, for each of these. */
  | { readonly form: 'counts'; readonly of: readonly string[] };

export const variables = {
  STAGE: { form: 'text' },
  ACCOUNT: { form: 'text' },
  PARTITION: { form: 'text' },
  TABLE_NAME: { form: 'text' },
  QUOTAS: {
    form: 'counts',
    of: [
      'projects',
      'modelsPerProject',
      'runningModels',
      'unitsPerModel',
      'concurrentTrainings',
      'concurrentPackagingJobs',
    ],
  },
  LIMITS: { form: 'counts', of: ['picture', 'body', 'changes'] },
  TIMES: { form: 'counts', of: ['delivery', 'start', 'import', 'train', 'release', 'provision', 'health'] },
  EXTENSIONS: { form: 'switch' },
  /** What holds where no hosting policy says otherwise; 0 is none. */
  HOSTING_POLICY: { form: 'counts', of: ['MaxRunMinutes', 'IdleStopMinutes'] },
  RATES: { form: 'rates' },
  BUCKETS: { form: 'list' },
  MACHINES: { form: 'map' },
  /** `lambda`, `sagemaker`. */
  ENGINES: { form: 'list' },
  INSTANCE_TYPE: { form: 'text', optional: true },
  EXECUTION_ROLE_ARN: { form: 'text', optional: true },
  VOLUME_KEY_ARN: { form: 'text', optional: true },
  INVOCATIONS_PER_INSTANCE: { form: 'integer' },
  ENGINE_TAGS: { form: 'map' },
  ALGORITHM_ARN: { form: 'text', optional: true },
  ARTIFACT_BUCKET: { form: 'text' },
  ALLOWED_IMAGES: { form: 'list' },
  ALLOWED_PACKAGES: { form: 'list' },
  TRAINING_ROLE_ARN: { form: 'text', optional: true },
  TRAINING_INSTANCE_TYPE: { form: 'text', optional: true },
  TRAINING_VOLUME_GIGABYTES: { form: 'integer' },
  TRAINING_SECONDS: { form: 'integer' },
  /** `provisioned` or `onDemand`. */
  UNIT_MODE: { form: 'text' },
  UNIT_ROLE_ARN: { form: 'text' },
  UNIT_LAYER_ARN: { form: 'text' },
  UNIT_LOG_GROUP: { form: 'text' },
  UNIT_MEMORY: { form: 'integer' },
  UNIT_TIMEOUT: { form: 'integer' },
  UNIT_ARCHITECTURE: { form: 'text' },
  UNIT_UTILIZATION: { form: 'integer' },
  /** Where units run; empty: in no VPC. */
  UNIT_SUBNET_IDS: { form: 'list' },
  UNIT_SECURITY_GROUP_IDS: { form: 'list' },
  UNIT_THREADS: { form: 'integer' },
  ADMISSION_FUNCTION: { form: 'text' },
  /** `lambda` or `sagemaker`. */
  TRAINER: { form: 'text' },
  TRAINER_FUNCTION: { form: 'text' },
} as const satisfies Record<string, Form>;

const settings = [
  'STAGE',
  'ACCOUNT',
  'PARTITION',
  'TABLE_NAME',
  'QUOTAS',
  'LIMITS',
  'TIMES',
  'EXTENSIONS',
  'HOSTING_POLICY',
  'RATES',
  'BUCKETS',
] as const;
/** The ARN of the state machine of each workflow. */
const runner = ['MACHINES'] as const;
const units = [
  'UNIT_MODE',
  'UNIT_ROLE_ARN',
  'UNIT_LAYER_ARN',
  'UNIT_LOG_GROUP',
  'UNIT_MEMORY',
  'UNIT_TIMEOUT',
  'UNIT_ARCHITECTURE',
  'UNIT_UTILIZATION',
  'UNIT_SUBNET_IDS',
  'UNIT_SECURITY_GROUP_IDS',
] as const;
const engine = [
  'ENGINES',
  ...units,
  'INSTANCE_TYPE',
  'EXECUTION_ROLE_ARN',
  'VOLUME_KEY_ARN',
  'INVOCATIONS_PER_INSTANCE',
  'ENGINE_TAGS',
] as const;
const importer = [
  'ENGINES',
  'ADMISSION_FUNCTION',
  'INSTANCE_TYPE',
  'ENGINE_TAGS',
  'ALGORITHM_ARN',
  'ARTIFACT_BUCKET',
  'ALLOWED_IMAGES',
  'ALLOWED_PACKAGES',
] as const;
const trainer = [
  'ENGINES',
  'TRAINER',
  'TRAINER_FUNCTION',
  'INSTANCE_TYPE',
  'ENGINE_TAGS',
  'ALGORITHM_ARN',
  'ARTIFACT_BUCKET',
  'TRAINING_ROLE_ARN',
  'TRAINING_INSTANCE_TYPE',
  'TRAINING_VOLUME_GIGABYTES',
  'TRAINING_SECONDS',
] as const;

/** What each kind of function is told. */
export const environments = {
  read: settings,
  write: [...settings, ...runner],
  detect: [...settings, 'ENGINES', 'UNIT_TIMEOUT'],
  rows: settings,
  provision: [...settings, ...engine],
  release: [...settings, ...engine],
  importing: [...settings, ...importer],
  datasets: settings,
  training: [...settings, ...trainer],
  packaging: settings,
  sweep: [...new Set([...settings, ...runner, ...engine, ...importer, ...trainer])],
  audit: [...settings, 'ENGINES'],
  drain: [...settings, ...runner],
  unit: ['UNIT_THREADS'],
  trainer: ['STAGE', 'ARTIFACT_BUCKET'],
  admission: ['UNIT_THREADS'],
} as const satisfies Record<string, readonly VariableName[]>;

export type VariableName = keyof typeof variables;
export type FunctionKind = keyof typeof environments;

type ValueOf<F> = F extends { readonly form: 'counts'; readonly of: readonly (infer Each extends string)[] }
  ? Readonly<Record<Each, number>>
  : F extends { readonly form: 'text' }
    ? string
    : F extends { readonly form: 'integer' }
      ? number
      : F extends { readonly form: 'switch' }
        ? boolean
        : F extends { readonly form: 'list' }
          ? readonly string[]
          : F extends { readonly form: 'rates' }
            ? Rates
            : Readonly<Record<string, string>>;

type Optional = {
  [N in VariableName]: (typeof variables)[N] extends { readonly optional: true } ? N : never;
}[VariableName];

/** What a function of this kind is told, decoded. */
export type Environment<K extends FunctionKind> = {
  readonly [N in Exclude<(typeof environments)[K][number], Optional>]: ValueOf<(typeof variables)[N]>;
} & { readonly [N in Extract<(typeof environments)[K][number], Optional>]?: string | undefined };

/** The variables of one function as Lambda carries them. */
export function encodeEnvironment<K extends FunctionKind>(
  kind: K,
  values: Environment<K>,
): Record<string, string> {
  const given = values as Readonly<Partial<Record<VariableName, unknown>>>;
  return Object.fromEntries(
    (environments[kind] as readonly VariableName[])
      .filter((name) => given[name] !== undefined)
      .map((name) => [
        name,
        variables[name].form === 'text' ? (given[name] as string) : JSON.stringify(given[name]),
      ]),
  );
}

/** A function was deployed without something that it needs. The message names the variable and the rule. */
export class BadEnvironment extends Error {
  override readonly name = 'BadEnvironment';
}

/** @throws BadEnvironment */
export function decodeEnvironment<K extends FunctionKind>(
  kind: K,
  given: Readonly<Record<string, string | undefined>>,
): Environment<K> {
  const names = environments[kind] as readonly VariableName[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = decodeVariable(name, given[name]);
      return value === undefined ? [] : [[name, value] as const];
    }),
  ) as unknown as Environment<K>;
}

function decodeVariable(name: VariableName, text: string | undefined): unknown {
  const form: Form = variables[name];
  if (text === undefined || text === '') {
    if (form.form === 'text' && form.optional) return undefined;
    throw new BadEnvironment(`The environment variable ${name} is missing.`);
  }
  if (form.form === 'text') return text;
  const value = parse(name, text);
  if (!fits(form, value))
    throw new BadEnvironment(`The environment variable ${name} must be ${rule(form)}; it is ${text}.`);
  return value;
}

function parse(name: VariableName, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadEnvironment(`The environment variable ${name} must be JSON; it is ${text}.`);
  }
}

const isCount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isText = (value: unknown): boolean => typeof value === 'string';

const isRate = (value: unknown): boolean =>
  isObject(value) &&
  (engineNames as readonly unknown[]).includes(value['engine']) &&
  isText(value['unit']) &&
  (value['perHour'] === undefined || (typeof value['perHour'] === 'number' && value['perHour'] >= 0));

function fits(form: Exclude<Form, { form: 'text' }>, value: unknown): boolean {
  switch (form.form) {
    case 'integer':
      return isCount(value);
    case 'switch':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value) && value.every(isText);
    case 'map':
      return isObject(value) && Object.values(value).every(isText);
    case 'rates':
      return (
        isObject(value) &&
        isText(value['currency']) &&
        isRate(value['onnx']) &&
        (value['sagemaker'] === undefined || isRate(value['sagemaker']))
      );
    case 'counts':
      return isObject(value) && form.of.every((each) => isCount(value[each]));
  }
}

function rule(form: Exclude<Form, { form: 'text' }>): string {
  switch (form.form) {
    case 'integer':
      return 'a whole number';
    case 'switch':
      return 'true or false';
    case 'list':
      return 'a list of texts';
    case 'map':
      return 'an object whose values are texts';
    case 'rates':
      return 'a currency, and the engine and unit of each format';
    case 'counts':
      return `whole numbers for ${form.of.join(', ')}`;
  }
}
