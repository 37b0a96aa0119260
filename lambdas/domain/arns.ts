import type { ModelKey } from './model.ts';

export interface Home {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

const prefix = ({ partition, region, account }: Home): string =>
  `arn:${partition}:lookoutvision:${region}:${account}`;

export const projectArn = (home: Home, project: string): string => `${prefix(home)}:project/${project}`;
export const modelArn = (home: Home, { project, version }: ModelKey): string =>
  `${prefix(home)}:model/${project}/${version}`;

const form =
  /^arn:([^:]*):lookoutvision:([^:]*):([^:]*):(project|model)\/([a-zA-Z0-9][a-zA-Z0-9_-]{0,254})(?:\/([1-9][0-9]{0,9}))?$/;

/** What an ARN of the service's own form names, or undefined if it has another form. */
export function parseArn(arn: string):
  | {
      readonly home: Home;
      readonly kind: 'project' | 'model';
      readonly project: string;
      readonly version?: string;
    }
  | undefined {
  const [whole, partition = '', region = '', account = '', kind, project = '', version] =
    form.exec(arn) ?? [];
  if (whole === undefined || (kind === 'model') !== (version !== undefined)) return undefined;
  return {
    home: { partition, region, account },
    kind: kind as 'project' | 'model',
    project,
    ...(version !== undefined && { version }),
  };
}
