import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Environment } from '../contract/environments.ts';
import type { Execution, WorkflowName, WorkflowRunner } from '../domain/ports.ts';

/** Hands executions to Step Functions. */
export class StepFunctions implements WorkflowRunner {
  readonly #client: Pick<SFNClient, 'send'>;
  readonly #machines: Readonly<Record<WorkflowName, string>>;

  constructor(client: Pick<SFNClient, 'send'>, machines: Readonly<Record<WorkflowName, string>>) {
    this.#client = client;
    this.#machines = machines;
  }

  /**
   * A name that is taken is good news: whoever asked before was heard. Step Functions answers so for 90 days,
   * and, for an execution that still runs with the same input, with success.
   */
  async start({ workflow, name, input }: Execution): Promise<'started' | 'exists'> {
    try {
      await this.#client.send(
        new StartExecutionCommand({
          stateMachineArn: this.#machines[workflow],
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

export const stepFunctions = (
  env: Pick<Environment<'write'>, `${Uppercase<WorkflowName>}_MACHINE_ARN`>,
): StepFunctions =>
  new StepFunctions(
    // The caller waits for this: what takes longer than two seconds is left to the sweep.
    new SFNClient({ maxAttempts: 2, requestHandler: { connectionTimeout: 500, requestTimeout: 1000 } }),
    {
      hosting: env.HOSTING_MACHINE_ARN,
      importing: env.IMPORTING_MACHINE_ARN,
      training: env.TRAINING_MACHINE_ARN,
      datasets: env.DATASETS_MACHINE_ARN,
      packaging: env.PACKAGING_MACHINE_ARN,
    },
  );
