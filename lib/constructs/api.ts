import {
  AccessLogFormat,
  AuthorizationType,
  BasePathMapping,
  DomainName,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
  SecurityPolicy,
  type MethodDeploymentOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  operationNames,
  operations,
  type OperationName,
  type Profile,
} from '../../lambdas/contract/operations.ts';
import { acknowledge } from '../acknowledge.ts';
import type { StageConfig } from '../config/stages.ts';
import { GatewayResponses } from './gateway-responses.ts';
import { newLog, type FunctionDefaults } from './service-function.ts';

export interface ApiProps extends Pick<
  StageConfig,
  'endpoint' | 'vpcEndpointIds' | 'callerAccounts' | 'domain' | 'gatewayLogRole' | 'throttles'
> {
  readonly stage: string;
  readonly functions: Readonly<Record<Profile, LambdaFunction>>;
  readonly defaults: FunctionDefaults;
}

/** An ARN comes as one label or, decoded by somebody on the way, as several: a greedy one takes both. */
const pathOf = (name: OperationName): string =>
  operations[name].path.replace('{resourceArn}', '{resourceArn+}');

/** What is written down of a request: who, what, how it went, and never a body. */
const accessLog = AccessLogFormat.custom(
  JSON.stringify({
    time: '$context.requestTime',
    requestId: '$context.requestId',
    ip: '$context.identity.sourceIp',
    caller: '$context.identity.userArn',
    method: '$context.httpMethod',
    resource: '$context.resourcePath',
    path: '$context.path',
    status: '$context.status',
    milliseconds: '$context.responseLatency',
    bytes: '$context.responseLength',
    error: '$context.error.responseType',
    integrationError: '$context.integration.error',
  }),
);

/** The service's API: a signed route for each operation of the contract, and no other. */
export class Api extends Construct {
  readonly restApi: RestApi;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id);
    const { stage, functions, domain, defaults } = props;
    const hidden = props.endpoint === 'private';
    const policy = policyOf(props);
    this.restApi = new RestApi(this, 'Rest', {
      restApiName: `crowsnest-${stage}`,
      description: `Crowsnest, stage ${stage}`,
      endpointConfiguration: {
        types: [hidden ? EndpointType.PRIVATE : EndpointType.REGIONAL],
        ...(hidden && {
          vpcEndpoints: props.vpcEndpointIds.map((vpcEndpointId) =>
            InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, vpcEndpointId, {
              vpcEndpointId,
              port: 443,
            }),
          ),
        }),
      },
      ...(policy !== undefined && { policy }),
      disableExecuteApiEndpoint: domain !== undefined,
      cloudWatchRole: props.gatewayLogRole,
      binaryMediaTypes: ['image/jpeg', 'image/png'], // and nothing else: a body in JSON must arrive as text
      deployOptions: {
        stageName: stage,
        tracingEnabled: true,
        ...logged,
        accessLogDestination: new LogGroupLogDestination(newLog(this, 'AccessLog', defaults)),
        accessLogFormat: accessLog,
        methodOptions: throttlesOf(props),
      },
    });
    // The CDK's own output names the generated address, which is dead behind a domain; the stack has another.
    this.restApi.node.tryRemoveChild('Endpoint');
    for (const name of operationNames) {
      const { method, profile } = operations[name];
      this.restApi.root
        .resourceForPath(pathOf(name))
        .addMethod(method, new LambdaIntegration(functions[profile], { allowTestInvoke: false }), {
          operationName: name,
          authorizationType: AuthorizationType.IAM,
        });
    }
    new GatewayResponses(this, 'Responses', this.restApi);
    if (domain !== undefined) this.#mapDomain(domain);
    this.#explain();
  }

  #mapDomain({ name, certificateArn, basePath }: NonNullable<StageConfig['domain']>): void {
    const domainName = new DomainName(this, 'Domain', {
      domainName: name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
    new BasePathMapping(this, 'BasePath', {
      domainName,
      restApi: this.restApi,
      stage: this.restApi.deploymentStage,
      ...(basePath !== undefined && { basePath }),
    });
  }

  #explain(): void {
    acknowledge(
      this.restApi,
      ['AwsSolutions-APIG2'],
      'The functions validate every request by the contract, and answer violations as the original ' +
        "service did; the gateway's validator could not.",
    );
    acknowledge(
      this.restApi,
      ['AwsSolutions-COG4'],
      'Callers sign with IAM, as they did for the original service.',
    );
    acknowledge(
      this.restApi,
      ['AwsSolutions-APIG3'],
      'Every method takes signed requests of known principals only. A firewall can be associated with ' +
        'the stage; its body rules must then leave pictures alone.',
    );
    const role = this.restApi.node.tryFindChild('CloudWatchRole');
    if (role !== undefined)
      acknowledge(
        role,
        [managedLogs],
        'API Gateway writes logs for a whole account and region under one role, for which AWS has this ' +
          'policy.',
      );
  }
}

const managedLogs =
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]';

/** A method with settings of its own has all of them from there: what is left out is switched off. */
const logged = {
  loggingLevel: MethodLoggingLevel.ERROR,
  metricsEnabled: true,
  dataTraceEnabled: false, // it would write pictures into the log
} as const;

function throttlesOf({ throttles }: ApiProps): Record<string, MethodDeploymentOptions> {
  return Object.fromEntries(
    operationNames.map((name) => {
      const { method, profile } = operations[name];
      const { rate, burst } = throttles[profile];
      return [
        `${pathOf(name)}/${method}`,
        { ...logged, throttlingRateLimit: rate, throttlingBurstLimit: burst },
      ];
    }),
  );
}

/**
 * A private API needs a policy. It only denies, so that within the account IAM still decides who may call
 * what: an Allow for everybody, as it is often written, would let any principal of the account call
 * everything. Principals of other accounts need both: this Allow, and their own.
 */
function policyOf({ endpoint, vpcEndpointIds, callerAccounts }: ApiProps): PolicyDocument | undefined {
  const statements = [
    ...(endpoint === 'private'
      ? [
          new PolicyStatement({
            effect: Effect.DENY,
            principals: [new AnyPrincipal()],
            actions: ['execute-api:Invoke'],
            resources: ['execute-api:/*'],
            conditions: { StringNotEquals: { 'aws:SourceVpce': [...vpcEndpointIds] } },
          }),
        ]
      : []),
    ...(callerAccounts.length > 0
      ? [
          new PolicyStatement({
            principals: callerAccounts.map((account) => new AccountPrincipal(account)),
            actions: ['execute-api:Invoke'],
            resources: ['execute-api:/*'],
          }),
        ]
      : []),
  ];
  return statements.length === 0 ? undefined : new PolicyDocument({ statements });
}
