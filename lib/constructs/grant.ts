import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type IRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

export interface Grant {
  readonly actions: readonly string[];
  readonly on: readonly string[];
  readonly when?: Record<string, Record<string, string>>;
  /** Why a resource has to be named with a wildcard; a grant without one needs no reason. */
  readonly because?: string;
}

/** A wildcard without a reason. */
class UnexplainedWildcard extends Error {
  override readonly name = 'UnexplainedWildcard';
}

/**
 * Lets a role do something, and answers the security rules' question after each wildcard in the same breath.
 * @throws UnexplainedWildcard
 */
export function allow(role: IRole, { actions, on, when, because }: Grant): void {
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...actions],
      resources: [...on],
      ...(when !== undefined && { conditions: when }),
    }),
  );
  explain(role, { actions, on, ...(because !== undefined && { because }) });
}

/**
 * Answers the security rules' question after each wildcard that a role's or a policy's grant has.
 * @throws UnexplainedWildcard
 */
export function explain(of: IConstruct, { actions, on, because }: Omit<Grant, 'when'>): void {
  const wild = on
    .map((resource) => flat(Stack.of(of).resolve(resource)))
    .filter((resource) => resource.includes('*'));
  if (wild.length === 0) return;
  if (because === undefined)
    throw new UnexplainedWildcard(
      `${of.node.path}: ${actions.join(', ')} on ${wild.join(', ')} needs a reason`,
    );
  acknowledge(
    of,
    wild.map((resource) => `AwsSolutions-IAM5[Resource::${resource}]`),
    because,
  );
}

/** A value of a template as the security rules write it: references in angle brackets. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, of] = ['', undefined]] = Object.entries(value as Readonly<Record<string, unknown>>);
  if (kind === 'Ref') return `<${String(of)}>`;
  if (kind === 'Fn::GetAtt') return `<${(of as string[]).join('.')}>`;
  const [delimiter, parts] = of as [string, unknown[]];
  return parts.map(flat).join(delimiter);
}
