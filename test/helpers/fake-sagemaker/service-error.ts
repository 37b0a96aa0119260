/** An error as a service answers it. */
export class ServiceError extends Error {
  readonly type: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;
  constructor(type: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.members = members;
  }
}

export const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message);
export const throttled = (): ServiceError => new ServiceError('ThrottlingException', 'Rate exceeded');

export type Input = Readonly<Record<string, unknown>>;

interface Rule {
  readonly required?: boolean;
  readonly max?: number;
  readonly pattern?: RegExp;
}

const lowerFirst = (name: string): string => `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;

/** Checks text members the way the service does: all violations at once. */
export function check(input: Input, rules: Readonly<Record<string, Rule>>): void {
  const problems: string[] = [];
  for (const [name, { required, max, pattern }] of Object.entries(rules)) {
    const value = input[name] as string | undefined;
    const fails = (constraint: string): unknown =>
      problems.push(
        `Value ${value === undefined ? 'null' : `'${value}'`} at '${lowerFirst(name)}' failed to satisfy constraint: ${constraint}`,
      );
    if (value === undefined) {
      if (required === true) fails('Member must not be null');
      continue;
    }
    if (max !== undefined && value.length > max)
      fails(`Member must have length less than or equal to ${max}`);
    if (pattern !== undefined && !pattern.test(value))
      fails(`Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  if (problems.length > 0)
    throw invalid(
      `${problems.length} validation error${problems.length > 1 ? 's' : ''} detected: ${problems.join('; ')}`,
    );
}

/** Of endpoints, configurations, models and variants alike. (service description) */
export const resourceName: Rule = { required: true, max: 63, pattern: /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/ };

export const text = (input: Input, name: string): string => {
  const value = input[name];
  if (typeof value !== 'string')
    throw invalid(
      `1 validation error detected: Value null at '${lowerFirst(name)}' failed to satisfy constraint: Member must not be null`,
    );
  return value;
};
