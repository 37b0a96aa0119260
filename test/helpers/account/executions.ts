import { StateMachine } from 'aws-local-stepfunctions';
import type { Synthesised } from '../../lib/template.ts';
import type { Functions } from './functions.ts';
import type { Policies } from './policies.ts';
import type { Resolver } from './template.ts';

interface Properties {
  readonly DefinitionString: string;
  readonly DefinitionSubstitutions: Readonly<Record<string, unknown>>;
  readonly RoleArn: unknown;
}

interface Definition {
  readonly States: Readonly<Record<string, { readonly Type: string; readonly Resource?: string }>>;
}

/**
 * Step Functions: the template's machines in the interpreter, their tasks the template's functions. Time
 * passes in waits, and costs none.
 */
export class Executions {
  readonly #stack: Synthesised;
  readonly #resolver: Resolver;
  readonly #policies: Policies;
  readonly #functions: Functions;
  readonly #pass: (seconds: number) => void;
  readonly #known = new Map<string, { readonly input: string; over: boolean }>();
  readonly #running = new Set<Promise<void>>();
  /** How executions ended that did not succeed. */
  readonly failures: string[] = [];

  constructor(
    stack: Synthesised,
    resolver: Resolver,
    policies: Policies,
    functions: Functions,
    pass: (seconds: number) => void,
  ) {
    this.#stack = stack;
    this.#resolver = resolver;
    this.#policies = policies;
    this.#functions = functions;
    this.#pass = pass;
  }

  /** @returns whether the name is taken: by a closed execution, or by one with another input */
  start(machineArn: string, name: string, input: string): 'started' | 'taken' {
    const known = this.#known.get(`${machineArn}/${name}`);
    if (known !== undefined) return !known.over && known.input === input ? 'started' : 'taken';
    const execution = { input, over: false };
    this.#known.set(`${machineArn}/${name}`, execution);
    const run = this.#run(machineArn, JSON.parse(input))
      .catch((error: unknown) => {
        this.failures.push(`${name}: ${String(error)}`);
      })
      .finally(() => {
        execution.over = true;
        this.#running.delete(run);
      });
    this.#running.add(run);
    return 'started';
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(machineArn: string, input: unknown): Promise<void> {
    const [, machine] =
      this.#stack
        .ofType('AWS::StepFunctions::StateMachine')
        .find(([id]) => this.#resolver.arn(id) === machineArn) ?? [];
    const { DefinitionString, DefinitionSubstitutions, RoleArn } =
      machine?.Properties as unknown as Properties;
    const role = this.#resolver.text(RoleArn).split('/').at(-1) ?? '';
    const definition = JSON.parse(DefinitionString) as Definition;
    const tasks = Object.entries(definition.States).filter(([, { Type }]) => Type === 'Task');
    const handlers = Object.fromEntries(
      tasks.map(([state, { Resource = '' }]) => [
        state,
        async (data: unknown) => {
          const version = DefinitionSubstitutions[Resource.slice(2, -1)] as { readonly Ref: string };
          this.#policies.allow(role, [
            { action: 'lambda:InvokeFunction', resource: this.#resolver.text(version) },
          ]);
          const { FunctionName } = this.#resolver.resource(version.Ref).Properties as unknown as {
            readonly FunctionName: { readonly Ref: string };
          };
          const result = (await this.#functions.invoke(FunctionName.Ref, data)) as {
            readonly wait?: number;
          } | null;
          this.#pass(result?.wait ?? 0);
          return result;
        },
      ]),
    );
    const each = (type: string): Record<string, number> =>
      Object.fromEntries(
        Object.entries(definition.States)
          .filter(([, { Type }]) => Type === type)
          .map(([name]) => [name, 1]),
      );
    await new StateMachine(definition as never, { validationOptions: { noValidate: true } }).run(
      input as never,
      {
        overrides: {
          taskResourceLocalHandlers: handlers,
          waitTimeOverrides: each('Wait'),
          retryIntervalOverrides: each('Task'),
        },
      },
    ).result;
  }
}
