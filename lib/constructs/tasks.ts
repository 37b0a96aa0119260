import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Environment } from '../../lambdas/contract/environments.ts';
import {
  taskRows,
  workflowNames,
  type TaskGroup,
  type WorkflowName,
} from '../../lambdas/domain/workflows.ts';
import type { EngineRights, TrainerRights } from './rights.ts';
import type { Objects } from './objects.ts';
import { FunctionGroup, type FunctionDefaults } from './service-function.ts';
import type { StateTable } from './state-table.ts';

export interface TasksProps {
  readonly defaults: FunctionDefaults;
  readonly table: StateTable;
  readonly objects: Objects;
  readonly hosting: EngineRights;
  readonly training: TrainerRights;
  readonly environment: { readonly [K in TaskGroup]: Environment<K> };
}

/**
 * Shorter than the 120 seconds after which a workflow gives a task up, and a later one believes that nothing
 * of it can still arrive.
 */
const timeout = Duration.seconds(110);

/**
 * The workflows' tasks, a function for each, grouped by what they may do. The table of workflows says which
 * function belongs to which group; the rights of each group are here.
 */
export class Tasks extends Construct {
  readonly of: Readonly<Record<WorkflowName, Readonly<Record<string, LambdaFunction>>>>;

  constructor(
    scope: Construct,
    id: string,
    { defaults, table, objects, hosting, training, environment }: TasksProps,
  ) {
    super(scope, id);
    const group = <K extends TaskGroup>(name: string, kind: K, description: string): FunctionGroup<K> =>
      new FunctionGroup<K>(this, name, {
        defaults,
        kind,
        bundle: `task-${kind}`,
        environment: environment[kind],
        description: `Crowsnest tasks: ${description}`,
      });
    const rows = group('Rows', 'rows', 'note in the table how an operation goes');
    table.allow(rows.role, 'read', 'change');

    const provision = group('Provision', 'provision', "make the engine's resources");
    table.allow(provision.role, 'read', 'change');
    hosting.allowProvision(provision.role);

    const release = group('Release', 'release', "take the engine's resources away");
    table.allow(release.role, 'read', 'change');
    hosting.allowRelease(release.role);

    const importing = group('Importing', 'importing', 'take models in and let them go');
    table.allow(importing.role, 'read', 'change', 'delete');
    hosting.allowImport(importing.role);
    training.allowEnd(importing.role); // a version that is deleted may be one that was being trained

    const datasets = group('Datasets', 'datasets', 'read manifests into the table');
    table.allow(datasets.role, 'read', 'change', 'put', 'bulk');
    objects.allowRead(datasets.role);
    objects.allowWrite(datasets.role); // the manifests of datasets that are made from folders

    const trainer = group('Training', 'training', 'train models and judge them');
    table.allow(trainer.role, 'read', 'change');
    training.allowTrain(trainer.role);

    const packaging = group('Packaging', 'packaging', 'write components');
    table.allow(packaging.role, 'read', 'change');
    objects.allowArtifacts(packaging.role, 'Get');
    objects.allowRead(packaging.role);
    objects.allowWrite(packaging.role);

    const groups: Readonly<Record<TaskGroup, Pick<FunctionGroup, 'add'>>> = {
      rows,
      provision,
      release,
      importing,
      datasets,
      training: trainer,
      packaging,
    };
    const functionsOf = (workflow: WorkflowName): Readonly<Record<string, LambdaFunction>> =>
      Object.fromEntries(
        taskRows(workflow).map(([task, { group: name, memory = 512 }]) => [
          task,
          groups[name].add(task, { timeout, memory }),
        ]),
      );
    this.of = Object.fromEntries(workflowNames.map((name) => [name, functionsOf(name)])) as typeof this.of;
  }
}
