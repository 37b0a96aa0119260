import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Environment } from '../../lambdas/contract/environments.ts';
import type { WorkflowName } from '../../lambdas/domain/ports.ts';
import type { Hosting } from './hosting.ts';
import type { Objects } from './objects.ts';
import { FunctionGroup, type FunctionDefaults } from './service-function.ts';
import type { StateTable } from './state-table.ts';
import type { Training } from './training.ts';

type Kind = 'rows' | 'provision' | 'release' | 'importing' | 'datasets' | 'training' | 'packaging';

export interface TasksProps {
  readonly defaults: FunctionDefaults;
  readonly table: StateTable;
  readonly objects: Objects;
  readonly hosting: Hosting;
  readonly training: Training;
  readonly environment: { readonly [K in Kind]: Environment<K> };
}

/** The workflows' tasks, a function for each, grouped by what they may do. */
export class Tasks extends Construct {
  readonly of: Readonly<Record<WorkflowName, Readonly<Record<string, LambdaFunction>>>>;

  constructor(
    scope: Construct,
    id: string,
    { defaults, table, objects, hosting, training, environment }: TasksProps,
  ) {
    super(scope, id);
    const group = <K extends Kind>(name: string, kind: K, description: string): FunctionGroup<K> =>
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

    const trainer = group('Training', 'training', 'train models and judge them');
    table.allow(trainer.role, 'read', 'change');
    training.allowTrain(trainer.role);

    const packaging = group('Packaging', 'packaging', 'write components');
    table.allow(packaging.role, 'read', 'change');
    objects.allowArtifacts(packaging.role, 'Get');
    objects.allowRead(packaging.role);
    objects.allowWrite(packaging.role);

    // Shorter than the 120 seconds after which a workflow gives a task up, and a later one believes that
    // nothing of it can still arrive.
    const props = { timeout: Duration.seconds(110), memory: 512 };
    const more = { ...props, memory: 1769 }; // a whole processor: what these do is parse, compare and decode
    this.of = {
      hosting: {
        Claim: rows.add('Claim', props),
        MarkFailed: rows.add('MarkFailed', props),
        MarkStopped: rows.add('MarkStopped', props),
        Provision: provision.add('Provision', props),
        ObserveHosting: provision.add('ObserveHosting', props),
        MarkHosted: provision.add('MarkHosted', props),
        Release: release.add('Release', props),
        ObserveRelease: release.add('ObserveRelease', props),
        Erase: importing.add('Erase', props),
      },
      importing: { Admit: importing.add('Admit', props) },
      datasets: {
        Stage: datasets.add('Stage', more),
        Carry: datasets.add('Carry', more),
        Settle: datasets.add('Settle', more),
      },
      training: {
        TakeExamples: trainer.add('TakeExamples', more),
        Train: trainer.add('Train', more),
        ObserveTraining: trainer.add('ObserveTraining', props),
        MarkTrained: trainer.add('MarkTrained', more),
        MarkTrainingFailed: rows.add('MarkTrainingFailed', props),
        CleanUp: trainer.add('CleanUp', props),
      },
      // A component is put together in memory, and an artifact may have some hundred megabytes.
      packaging: { Package: packaging.add('Package', { ...props, memory: 4096 }) },
    };
  }
}
