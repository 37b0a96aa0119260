import { unhashed, type Resource, type Synthesised } from '../../lib/template.ts';

export const account = '123456789012';
export const region = 'eu-west-1';

/**
 * What CloudFormation would make of a template's references: names and ARNs. The physical name of everything
 * is its logical id.
 */
export class Resolver {
  readonly #stack: Synthesised;

  constructor(stack: Synthesised) {
    this.#stack = stack;
  }

  resource(id: string): Resource {
    const found = this.#stack.resources[id];
    if (found === undefined) throw new Error(`the template has no ${id}`);
    return found;
  }

  text(value: unknown): string {
    if (typeof value === 'string') return value;
    const [[kind, of] = ['', undefined]] = Object.entries(value as Readonly<Record<string, unknown>>);
    if (kind === 'Ref') return this.#ref(String(of));
    if (kind === 'Fn::GetAtt') return this.arn((of as string[])[0] ?? '');
    if (kind === 'Fn::Join')
      return (of as [string, unknown[]])[1]
        .map((part) => this.text(part))
        .join((of as [string, unknown[]])[0]);
    throw new Error(`nobody resolves ${JSON.stringify(value)}`);
  }

  arn(id: string): string {
    const name = this.#name(id);
    switch (this.resource(id).Type) {
      case 'AWS::IAM::Role':
        return `arn:aws:iam::${account}:role/${name}`;
      case 'AWS::DynamoDB::Table':
        return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
      case 'AWS::S3::Bucket':
        return `arn:aws:s3:::${name}`;
      case 'AWS::Lambda::Function':
        return `arn:aws:lambda:${region}:${account}:function:${name}`;
      case 'AWS::StepFunctions::StateMachine':
        return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
      case 'AWS::Logs::LogGroup':
        return `arn:aws:logs:${region}:${account}:log-group:${name}:*`;
      default:
        throw new Error(`nobody knows the ARN of ${id}`);
    }
  }

  #ref(id: string): string {
    switch (id) {
      case 'AWS::AccountId':
        return account;
      case 'AWS::Region':
        return region;
      case 'AWS::Partition':
        return 'aws';
      case 'AWS::URLSuffix':
        return 'amazonaws.com';
      case 'AWS::StackId':
        return `arn:aws:cloudformation:${region}:${account}:stack/Crowsnest/1`;
    }
    const { Type, Properties } = this.resource(id);
    if (Type === 'AWS::Lambda::LayerVersion')
      return `arn:aws:lambda:${region}:${account}:layer:${unhashed(id)}:1`;
    if (Type === 'AWS::Lambda::Version')
      return `${this.arn((Properties['FunctionName'] as unknown as { Ref: string }).Ref)}:1`;
    return Type === 'AWS::StepFunctions::StateMachine' ? this.arn(id) : this.#name(id);
  }

  /** A bucket's name is in lower case. */
  #name(id: string): string {
    return this.resource(id).Type === 'AWS::S3::Bucket' ? unhashed(id).toLowerCase() : unhashed(id);
  }
}
