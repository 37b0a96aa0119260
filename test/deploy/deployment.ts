import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { LookoutVisionClient } from '@aws-sdk/client-lookoutvision';
import { samplesBucket } from '../../lambdas/local/samples/bucket.ts';
import { createUser, type User } from './account.ts';
import { region, type Emulator } from './emulator.ts';
import { root } from './python.ts';
import { run } from './processes.ts';
import { ProjectCopy } from './project-copy.ts';

/** Where callers' pictures are: the bucket that the samples' own manifest names. */
export const bucket = samplesBucket;
export const stage = 'dev';
export const stackName = `Crowsnest-${stage}`;

export interface Outputs {
  readonly ApiId: string;
  readonly TableName: string;
  readonly ArtifactBucket: string;
}

/** One stage in the emulator: the commands of docs/deploying.md, and clients of what they made. */
export class Deployment {
  readonly emulator: Emulator;
  readonly project: ProjectCopy;
  readonly deployer: User;
  readonly #signal: AbortSignal;

  private constructor(emulator: Emulator, project: ProjectCopy, deployer: User, signal: AbortSignal) {
    this.emulator = emulator;
    this.project = project;
    this.deployer = deployer;
    this.#signal = signal;
  }

  static async prepare(folder: string, emulator: Emulator, signal: AbortSignal): Promise<Deployment> {
    // what is signed by this process goes to the emulator
    process.env['AWS_ENDPOINT_URL'] = emulator.url;
    const deployer = await createUser('deployer', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
    const project = await ProjectCopy.make(join(folder, 'project'), { [stage]: { buckets: [bucket] } });
    return new Deployment(emulator, project, deployer, signal);
  }

  /** Runs a command as somebody, in the project. */
  async run(user: User, command: string, ...args: readonly string[]): Promise<string> {
    return run(command, args, {
      cwd: this.project.folder,
      signal: this.#signal,
      env: {
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
        HOME: this.project.folder,
        CI: 'true',
        AWS_ENDPOINT_URL: this.emulator.url,
        AWS_ACCESS_KEY_ID: user.accessKeyId,
        AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
        AWS_REGION: region,
      },
    });
  }

  cdk(...args: readonly string[]): Promise<string> {
    return this.run(this.deployer, 'npx', 'cdk', ...args);
  }

  /** Deploys as documented. @returns what the command printed as the stack's outputs */
  async deploy(): Promise<Outputs> {
    const printed = await this.cdk('deploy', '-c', `stage=${stage}`, '--require-approval', 'never');
    const output = (name: string): string => {
      const [, value] = new RegExp(`^${stackName}\\.${name} = (\\S+)$`, 'm').exec(printed) ?? [];
      if (value === undefined) throw new Error(`The command did not print ${name}:\n${printed.slice(-2000)}`);
      return value;
    };
    return {
      ApiId: output('ApiId'),
      TableName: output('TableName'),
      ArtifactBucket: output('ArtifactBucket'),
    };
  }

  /** Where the emulator serves an API; on AWS it is a host name of its own, the output `Endpoint`. */
  endpoint({ ApiId }: Outputs): string {
    return `${this.emulator.url}/restapis/${ApiId}/${stage}/_user_request_`;
  }

  /** The original client, signing for the gateway. */
  client(outputs: Outputs, { accessKeyId, secretAccessKey }: User): LookoutVisionClient {
    const signing = { signingName: 'execute-api' };
    return new LookoutVisionClient({
      endpoint: this.endpoint(outputs),
      region,
      credentials: { accessKeyId, secretAccessKey },
      ...signing,
    });
  }

  s3({ accessKeyId, secretAccessKey }: User): S3Client {
    return new S3Client({
      endpoint: this.emulator.url,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
  }
}
