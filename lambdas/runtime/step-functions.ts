import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Environment } from '../contract/environments.ts';
import type { Execution, WorkflowName, WorkflowRunner } from '../domain/ports.ts';

/** The workflows of the stack; the others are the local host's, so far. */
type DeployedWorkflow = 'hosting' | 'importing';

/** Hands executions to Step Functions. */
export class StepFunctions implements WorkflowRunner {
  readonly #client: Pick<SFNClient, 'send'>;
  readonly #machines: Readonly<Partial<Record<WorkflowName, string>>>;

  constructor(client: Pick<SFNClient, 'send'>, machines: Readonly<Record<DeployedWorkflow, string>>) {
    this.#client = client;
    this.#machines = machines;
  }

  /**
   * A name that is taken is good news: whoever asked before was heard. Step Functions answers so for 90 days, and, for an execution that
   * still runs with the same input, with success.
   */
  async start({ workflow, name, input }: Execution): Promise<'started' | 'exists'> {
    const stateMachineArn = this.#machines[workflow];
    if (stateMachineArn === undefined) throw new Error(`the stack has no workflow for ${workflow}`);
    try {
      await this.#client.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      return 'started';
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'exists';
      throw error;
    }
  }
}

export const stepFunctions = (env: Pick<Environment<'write'>, 'HOSTING_MACHINE_ARN' | 'IMPORTING_MACHINE_ARN'>): StepFunctions =>
  new StepFunctions(
    // The caller waits for this: what takes longer than two seconds is left to the sweep.
    new SFNClient({ maxAttempts: 2, requestHandler: { connectionTimeout: 500, requestTimeout: 1000 } }),
    { hosting: env.HOSTING_MACHINE_ARN, importing: env.IMPORTING_MACHINE_ARN },
  );
