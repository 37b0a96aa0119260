import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Environment } from '../../lambdas/contract/environments.ts';
import type { Hosting } from './hosting.ts';
import { FunctionGroup, type FunctionDefaults } from './service-function.ts';
import type { StateTable } from './state-table.ts';

type Kind = 'rows' | 'provision' | 'release' | 'importing';

export interface TasksProps {
  readonly defaults: FunctionDefaults;
  readonly table: StateTable;
  readonly hosting: Hosting;
  readonly environment: { readonly [K in Kind]: Environment<K> };
}

/** The workflows' tasks, a function for each, grouped by what they may do. */
export class Tasks extends Construct {
  readonly hosting: Readonly<Record<string, LambdaFunction>>;
  readonly importing: Readonly<Record<string, LambdaFunction>>;
  readonly rows: FunctionGroup<'rows'>;

  constructor(scope: Construct, id: string, { defaults, table, hosting, environment }: TasksProps) {
    super(scope, id);
    const group = <K extends Kind>(name: string, kind: K, description: string): FunctionGroup<K> => new FunctionGroup<K>(this, name, {
      defaults, kind, bundle: `task-${kind}`, environment: environment[kind], description: `Crowsnest tasks: ${description}`,
    });
    const rows = group('Rows', 'rows', 'note in the table how an operation goes');
    table.allow(rows.role, 'read', 'change');

    const provision = group('Provision', 'provision', 'make the engine\'s resources');
    table.allow(provision.role, 'read', 'change');
    hosting.allowProvision(provision.role);

    const release = group('Release', 'release', 'take the engine\'s resources away');
    table.allow(release.role, 'read', 'change');
    hosting.allowRelease(release.role);

    const importing = group('Importing', 'importing', 'take models in and let them go');
    table.allow(importing.role, 'read', 'change', 'delete');
    hosting.allowImport(importing.role);

    // Shorter than the 120 seconds after which a workflow gives a task up, and a later one believes that nothing of it can still arrive.
    const props = { timeout: Duration.seconds(110), memory: 512 };
    this.rows = rows;
    this.hosting = {
      Claim: rows.add('Claim', props),
      MarkFailed: rows.add('MarkFailed', props),
      MarkStopped: rows.add('MarkStopped', props),
      Provision: provision.add('Provision', props),
      ObserveHosting: provision.add('ObserveHosting', props),
      MarkHosted: provision.add('MarkHosted', props),
      Release: release.add('Release', props),
      ObserveRelease: release.add('ObserveRelease', props),
      Erase: importing.add('Erase', props),
    };
    this.importing = { Admit: importing.add('Admit', props) };
  }
}
