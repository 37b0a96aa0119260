import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  encodeEnvironment,
  type Environment,
  type FunctionKind,
} from '../../lambdas/contract/environments.ts';
import { acknowledge } from '../acknowledge.ts';

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
}

export function newLog(scope: Construct, id: string, { logRetention, keepLogs }: FunctionDefaults): LogGroup {
  const log = new LogGroup(scope, id, {
    removalPolicy: keepLogs ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  (log.node.defaultChild as CfnLogGroup).retentionInDays = logRetention;
  return log;
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
  add(handler: string, { timeout, memory, reservedConcurrency }: FunctionProps): LambdaFunction {
    const { kind, environment, description, defaults } = this.#props;
    const fn = new LambdaFunction(this, handler, {
      description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: this.#code,
      handler: `index.${handler}`,
      role: this.role,
      logGroup: this.logGroup,
      environment: encodeEnvironment(kind, environment),
      tracing: Tracing.ACTIVE,
      timeout,
      memorySize: memory,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
      // A version that an execution still calls must outlive the release that brought it.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    if (defaults.versionBasis !== '') fn.invalidateVersionBasedOn(defaults.versionBasis);
    return fn;
  }
}
