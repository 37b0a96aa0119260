import { join } from 'node:path';
import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
  type ILayerVersion,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  encodeEnvironment,
  type Environment,
  type FunctionKind,
} from '../../lambdas/contract/environments.ts';
import { acknowledge } from '../acknowledge.ts';
import { BadConfig } from '../config/read-config.ts';

/** What all functions of a stage share. */
export interface FunctionDefaults {
  /** A folder with a folder for each bundle. */
  readonly bundles: string;
  /** Days, of those that CloudWatch knows. */
  readonly logRetention: number;
  /** Whether logs outlive the stack. */
  readonly keepLogs: boolean;
  /**
   * What replaces something that a published version is bound to, as its role, without a change of the
   * function itself: with another value here another version is published. Empty: nothing does.
   */
  readonly versionBasis: string;
}

export interface FunctionGroupProps<K extends FunctionKind> {
  readonly defaults: FunctionDefaults;
  readonly kind: K;
  readonly bundle: string;
  readonly environment: Environment<K>;
  readonly description: string;
}

export interface FunctionProps {
  readonly timeout: Duration;
  readonly memory: number;
  readonly reservedConcurrency?: number | undefined;
  /** For functions with native libraries: where these are, and for which processors they were built. */
  readonly native?: { readonly layer: ILayerVersion; readonly architecture: Architecture };
}

/**
 * What outlives the stack, and the update that takes it out of the template, but not a deployment that never
 * came to its end: what that made would be in the way of the next try.
 */
export const kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** @param logGroupName for what has a reason to have one; others get theirs from CloudFormation */
export function newLog(
  scope: Construct,
  id: string,
  { logRetention, keepLogs }: FunctionDefaults,
  logGroupName?: string,
): LogGroup {
  const log = new LogGroup(scope, id, {
    ...(logGroupName !== undefined && { logGroupName }),
    removalPolicy: keepLogs ? kept : RemovalPolicy.DESTROY,
  });
  (log.node.defaultChild as CfnLogGroup).retentionInDays = logRetention;
  return log;
}

/** Lambda's limit on the variables of a function, names and values together, in bytes. */
const most = 4096;
/** What a value may take that is known only when the stack is deployed: an ARN or a name. */
const unknown = 160;

/** @throws BadConfig if the lists of the configuration are too long to be told to a function */
function fitting(variables: Record<string, string>): Record<string, string> {
  const bytes = Object.entries(variables).reduce(
    (sum, [name, value]) =>
      sum + name.length + (Token.isUnresolved(value) ? unknown : Buffer.byteLength(value)),
    0,
  );
  if (bytes <= most) return variables;
  const [largest = ''] = Object.entries(variables)
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name]) => name);
  throw new BadConfig(
    `buckets, images, modelPackages, quotas and tags together take ${bytes} bytes of the ${most} that ` +
      `Lambda has for the variables of a function, most of it in ${largest}: name fewer of them, or ` +
      'shorter ones.',
  );
}

/**
 * Functions that do the same kind of work: one bundle, one role, one log, one environment, and a handler for
 * each function.
 */
export class FunctionGroup<K extends FunctionKind = FunctionKind> extends Construct {
  readonly role: Role;
  readonly logGroup: LogGroup;
  readonly #props: FunctionGroupProps<K>;
  readonly #code: Code;

  constructor(scope: Construct, id: string, props: FunctionGroupProps<K>) {
    super(scope, id);
    this.#props = props;
    this.#code = Code.fromAsset(join(props.defaults.bundles, props.bundle));
    this.logGroup = newLog(this, 'Log', props.defaults);
    // No managed policy: it would let the function write to every log there is.
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    this.logGroup.grantWrite(this.role);
    acknowledge(
      this.role,
      ['AwsSolutions-IAM5[Resource::*]'],
      'For tracing, whose actions know no resources.',
    );
  }

  /** @param handler the name under which the bundle exports it */
  add(handler: string, { timeout, memory, reservedConcurrency, native }: FunctionProps): LambdaFunction {
    const { kind, environment, description, defaults } = this.#props;
    const fn = new LambdaFunction(this, handler, {
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: native?.architecture ?? Architecture.ARM_64,
      ...(native !== undefined && { layers: [native.layer] }),
      code: this.#code,
      handler: `index.${handler}`,
      role: this.role,
      logGroup: this.logGroup,
      environment: fitting(encodeEnvironment(kind, environment)),
      tracing: Tracing.ACTIVE,
      timeout,
      memorySize: memory,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      // A version that an execution still calls must outlive the release that brought it.
      currentVersionOptions: { removalPolicy: kept },
    });
    if (defaults.versionBasis !== '') fn.invalidateVersionBasedOn(defaults.versionBasis);
    return fn;
  }
}
