import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Dataset } from '../../../lambdas/domain/dataset.ts';
import type { Deployment, Model } from '../../../lambdas/domain/model.ts';
import type { PackagingJob } from '../../../lambdas/domain/packaging.ts';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import type { Project } from '../../../lambdas/store/projects.ts';
import type { Observation } from '../../../lambdas/engines/engine.ts';
import type { Lines } from './lines.ts';

interface TableRow {
  readonly sk: string;
  readonly line?: string;
  readonly expiresAt?: number;
}

interface Token {
  readonly operationId: string;
  readonly expiresAt: number;
}

/** A promise to remove something. */
interface Promised {
  readonly partitions: readonly string[];
  readonly dueAt: number;
}

/** What is outside of the table. */
export interface Outside {
  readonly resources: ReadonlyMap<string, Observation>;
  /** `project/version` of each model of whose artifact the engine keeps a copy. */
  readonly copies: ReadonlySet<string>;
  /** Ids of the trainings that are at work. */
  readonly atWork: ReadonlySet<string>;
  /** `bucket/key` of every object. */
  readonly objects: ReadonlySet<string>;
}

/** Everything that is true at one moment: the table's rows, and what is outside of it. */
export interface Moment extends Outside {
  readonly at: number;
  readonly projects: ReadonlyMap<string, Project>;
  /** By `project/version`. */
  readonly models: ReadonlyMap<string, Model>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  /** By `project/type`. */
  readonly datasets: ReadonlyMap<string, Dataset>;
  /** By `project/name`. */
  readonly jobs: ReadonlyMap<string, PackagingJob>;
  readonly tokens: ReadonlyMap<string, Token>;
  readonly scheduledDeletions: ReadonlyMap<string, Promised>;
  /** The partitions that are written and removed as wholes, by their keys. */
  readonly places: ReadonlyMap<string, readonly TableRow[]>;
  /** What is counted of each quota. */
  readonly used: ReadonlyMap<string, number>;
  /** The ids of all operations that ever began. */
  readonly begun: ReadonlySet<string>;
  /** What readers of each dataset must see, by `project/type`: of the reference, not of the table. */
  readonly contents: ReadonlyMap<string, Lines>;
}

const nameOf = (row: Record<string, unknown>, member: string): string =>
  `${String(row['project'])}/${String(row[member])}`;

export async function lookAround(
  client: DynamoDBDocumentClient,
  table: string,
  at: number,
  outside: Outside,
): Promise<Omit<Moment, 'contents' | 'begun'>> {
  const rows = {
    projects: new Map<string, Project>(),
    models: new Map<string, Model>(),
    deployments: new Map<string, Deployment>(),
    datasets: new Map<string, Dataset>(),
  };
  const others = {
    jobs: new Map<string, PackagingJob>(),
    tokens: new Map<string, Token>(),
    scheduledDeletions: new Map<string, Promised>(),
    used: new Map<string, number>(),
  };
  const { projects, models, deployments, datasets } = rows;
  const { jobs, tokens, scheduledDeletions, used } = others;
  const places = new Map<string, TableRow[]>();
  for await (const row of scan(client, table)) {
    const [pk, sk] = [String(row['pk']), String(row['sk'])];
    const kind = /^[A-Z]+/.exec(sk)?.[0];
    if (pk === 'PROJECTS') projects.set(sk, { name: sk, ...row } as never);
    else if (/^[EIC]#/.test(pk)) places.set(pk, [...(places.get(pk) ?? []), row as unknown as TableRow]);
    else if (pk === 'QUOTA') used.set(sk, Number(row['used'] ?? 0));
    else if (kind === 'MODEL') models.set(nameOf(row, 'version'), row as never);
    else if (kind === 'DATASET') datasets.set(nameOf(row, 'type'), row as never);
    else if (kind === 'JOB') jobs.set(nameOf(row, 'name'), row as never);
    else if (kind === 'DEPLOYMENT') deployments.set(String(row['id']), row as never);
    else if (kind === 'DISCARD') scheduledDeletions.set(pk, row as never);
    else if (kind === 'TOKEN') tokens.set(pk, row as never);
  }
  return {
    at,
    ...rows,
    ...others,
    places,
    resources: new Map(outside.resources),
    copies: new Set(outside.copies),
    atWork: new Set(outside.atWork),
    objects: new Set(outside.objects),
  };
}

/** Whatever is, or was last, under way at a moment. */
export const operationsOf = ({ models, datasets, jobs }: Pick<Moment, 'models' | 'datasets' | 'jobs'>) =>
  [...models.values(), ...datasets.values(), ...jobs.values()].map(
    ({ operation }): { readonly id: string; readonly actor: string; readonly at: number } => operation,
  );
