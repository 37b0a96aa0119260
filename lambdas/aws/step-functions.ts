import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { BadEnvironment, type Environment } from '../contract/environments.ts';
import type { Execution, WorkflowRunner } from '../domain/ports.ts';

/** Starts executions in Step Functions. */
export class StepFunctions implements WorkflowRunner {
  readonly #client: Pick<SFNClient, 'send'>;
  readonly #machines: Readonly<Record<string, string>>;

  /** @param machines ARNs by the names of workflows */
  constructor(client: Pick<SFNClient, 'send'>, machines: Readonly<Record<string, string>>) {
    this.#client = client;
    this.#machines = machines;
  }

  /**
   * A name that is taken is good news: whoever asked before was heard. Step Functions answers so for 90 days,
   * and, for an execution that still runs with the same input, with success.
   */
  async start({ workflow, name, input }: Execution): Promise<'started' | 'exists'> {
    const stateMachineArn = this.#machines[workflow];
    if (stateMachineArn === undefined) throw new BadEnvironment(`MACHINES names no machine for ${workflow}.`);
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn,
          name,
          input: JSON.stringify(input),
        }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  }
}

export const stepFunctions = (env: Pick<Environment<'write'>, 'MACHINES'>): StepFunctions =>
  new StepFunctions(
    // The caller waits for this: what takes longer than two seconds is left to the sweep.
    new SFNClient({
      maxAttempts: 2,
      requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
    }),
    env.MACHINES,
  );
