import type { FunctionKind } from '../contract/environments.ts';

/** The groups of functions that carry out tasks: each has its own role, environment, bundle and log. */
export type TaskGroup = Extract<
  FunctionKind,
  'rows' | 'provision' | 'release' | 'importing' | 'datasets' | 'training' | 'packaging'
>;

interface TaskRow {
  /** Whose rights the task needs. */
  readonly group: TaskGroup;
  /** Megabytes; 512 unless given. With 1769 a function has a whole processor. */
  readonly memory?: number;
}

interface WorkflowRow {
  /** What its operations change: the input of an execution names one. */
  readonly subject: 'model' | 'dataset' | 'job';
  /** By the names of the states in `workflows/<name>/machine.asl.json`. */
  readonly tasks: Readonly<Record<string, TaskRow>>;
}

/** For tasks that parse, compare and decode. */
const processor = 1769;

/**
 * The workflows, one row each. Derived from it: the inputs of executions, the functions of the stack and
 * their roles, the state machines of both hosts, the rights to start them. "Add a workflow" in
 * docs/contributing.md says what else a new row needs. Read at synth time and on the local host; the deployed
 * functions use its types only.
 */
const workflows = {
  hosting: {
    subject: 'model',
    tasks: {
      Claim: { group: 'rows' },
      // It packs a model in memory, and the call that carries the package has it in base64.
      Provision: { group: 'provision', memory: processor },
      ObserveHosting: { group: 'provision' },
      MarkHosted: { group: 'provision' },
      MarkFailed: { group: 'rows' },
      Release: { group: 'release' },
      ObserveRelease: { group: 'release' },
      MarkStopped: { group: 'rows' },
      Erase: { group: 'importing' },
    },
  },
  importing: { subject: 'model', tasks: { Admit: { group: 'importing', memory: 1024 } } },
  training: {
    subject: 'model',
    tasks: {
      TakeExamples: { group: 'training', memory: processor },
      Train: { group: 'training', memory: processor },
      ObserveTraining: { group: 'training' },
      MarkTrained: { group: 'training', memory: processor },
      MarkTrainingFailed: { group: 'rows' },
      CleanUp: { group: 'training' },
    },
  },
  datasets: {
    subject: 'dataset',
    tasks: {
      Stage: { group: 'datasets', memory: processor },
      Carry: { group: 'datasets', memory: processor },
      Settle: { group: 'datasets', memory: processor },
    },
  },
  // A component is put together in memory, and an artifact may have some hundred megabytes.
  packaging: { subject: 'job', tasks: { Package: { group: 'packaging', memory: 4096 } } },
} as const satisfies Readonly<Record<string, WorkflowRow>>;

type Table = typeof workflows;
export type WorkflowName = keyof Table;
export type SubjectOf<W extends WorkflowName> = Table[W]['subject'];
export type TaskName<W extends WorkflowName> = keyof Table[W]['tasks'];

type NamesIn<G extends TaskGroup, Tasks> = {
  [N in keyof Tasks]: Tasks[N] extends { readonly group: G } ? N : never;
}[keyof Tasks];

/** The tasks that a group of functions carries out, of all workflows. */
export type TasksOf<G extends TaskGroup> = {
  [W in WorkflowName]: NamesIn<G, Table[W]['tasks']>;
}[WorkflowName];

export const workflowNames = Object.keys(workflows) as readonly WorkflowName[];

/** The tasks of a workflow with what each needs, in the table's order. */
export const taskRows = (workflow: WorkflowName): readonly (readonly [name: string, row: TaskRow])[] =>
  Object.entries<TaskRow>(workflows[workflow].tasks);
