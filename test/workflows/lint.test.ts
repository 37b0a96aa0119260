import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { workflowNames, type WorkflowName } from '../../lambdas/domain/workflows.ts';
import { tasks } from '../../lambdas/workflows/tasks.ts';
import type { State } from '../../lambdas/workflows/machines.ts';
import { definitions, namesOf } from '../helpers/walk.ts';

/** The validator comes without types. */
const validate = createRequire(import.meta.url)('asl-validator') as (definition: unknown) => {
  readonly errors: readonly unknown[];
};

/**
 * The operators of a Choice rule that these files may use; neither the interpreter nor the validator knows a
 * misspelt one for what it is.
 */
const operators = [
  'StringEquals',
  'StringMatches',
  'NumericEquals',
  'NumericLessThan',
  'NumericGreaterThan',
  'BooleanEquals',
  'IsPresent',
  'IsNull',
];

/** What a task may throw that another try cannot help. */
const typed = ['EngineFailed', 'Superseded'];

/** The tasks whose EngineFailed fails the model. */
const failing: Partial<Record<WorkflowName, readonly string[]>> = {
  hosting: ['Provision', 'ObserveHosting', 'MarkHosted'],
  training: ['TakeExamples', 'Train', 'ObserveTraining', 'MarkTrained'],
};

/** Members of the language that the interpreter ignores, or takes otherwise than Step Functions does. */
const foreign = /"(QueryLanguage|Assign|Arguments|Output|HeartbeatSeconds(Path)?)":|\$\$\.State|\{%/;

describe.each(workflowNames)('%s.asl.json', (workflow) => {
  const definition = definitions[workflow];
  const states = Object.entries(definition.States);
  const ofTasks = states.filter(([, { Type }]) => Type === 'Task');

  test('is what the validator takes, as Lambda functions stand for its tasks', () => {
    // A copy, because the validator writes into what it reads, with the functions' ARNs in place, as the
    // stack puts them.
    const copy = JSON.parse(
      JSON.stringify(definition).replace(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:111122223333:function:$1'),
    ) as typeof definition;
    expect(validate(copy).errors).toEqual([]);
    expect(validate({ ...copy, StartAt: 'Nowhere' }).errors).not.toEqual([]);
  });

  test('is in JSONPath, and keeps to what both interpreters understand', () => {
    expect(JSON.stringify(definition)).not.toMatch(foreign);
    expect(states.filter(([, { Type }]) => !['Task', 'Choice', 'Wait', 'Succeed'].includes(Type))).toEqual(
      [],
    );
  });

  test('chooses by operators that exist, and always has a way on', () => {
    const choices = states.filter(([, { Type }]) => Type === 'Choice');
    for (const [name, { Choices = [], Default }] of choices) {
      expect({ name, Default }).toEqual({ name, Default: expect.any(String) });
      for (const { Variable, Next: _, ...rule } of Choices) {
        expect(Variable).toMatch(/^\$\.\w+(\.\w+)*$/);
        expect(Object.keys(rule)).toHaveLength(1);
        expect(operators).toContain(Object.keys(rule)[0]);
      }
    }
  });

  test('has a task for each task state, and no other', () => {
    expect(Object.keys(tasks[workflow]).sort()).toEqual(namesOf(workflow, 'Task').sort());
  });

  test.each(ofTasks)(
    '%s names its function, has a limit, tries again, and gives way',
    (name, state: State) => {
      expect(state.Resource).toBe(`\${${name}}`);
      expect(state.TimeoutSeconds).toBeGreaterThan(0);
      const [never, always, ...more] = state.Retry ?? [];
      expect(never).toEqual({ ErrorEquals: typed, MaxAttempts: 0 });
      expect(always).toMatchObject({
        ErrorEquals: ['States.ALL'],
        JitterStrategy: 'FULL',
        MaxDelaySeconds: 30,
      });
      expect(always?.MaxAttempts).toBeGreaterThan(1);
      expect(more).toEqual([]);
      expect(state.Catch?.find(({ ErrorEquals }) => ErrorEquals.includes('Superseded'))).toEqual({
        ErrorEquals: ['Superseded'],
        ResultPath: null,
        Next: 'Superseded',
      });
      // Nothing else is caught: an execution that fails is taken over, and one that swallowed an error
      // would not be.
      for (const { ErrorEquals } of state.Catch ?? [])
        for (const error of ErrorEquals) expect(typed).toContain(error);
    },
  );

  test('catches EngineFailed only on the way to what may fail', () => {
    const catching = ofTasks
      .filter(([, { Catch = [] }]) => Catch.some(({ ErrorEquals }) => ErrorEquals.includes('EngineFailed')))
      .map(([name]) => name);
    expect(catching).toEqual(failing[workflow] ?? []);
  });
});
