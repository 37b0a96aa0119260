import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Deployment, Model } from '../../../lambdas/domain/model.ts';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import type { Project } from '../../../lambdas/store/projects.ts';
import type { Observation } from '../../../lambdas/hosting/engine.ts';

/** Everything that is true at one moment: the table's rows and what the engine holds. */
export interface Moment {
  readonly at: number;
  readonly projects: ReadonlyMap<string, Project>;
  /** By `project/version`. */
  readonly models: ReadonlyMap<string, Model>;
  readonly deployments: ReadonlyMap<string, Deployment>;
  readonly tokens: ReadonlyMap<string, { readonly operationId: string; readonly expiresAt: number }>;
  readonly running: number;
  readonly projectsUsed: number;
  readonly resources: ReadonlyMap<string, Observation>;
  readonly copies: ReadonlySet<string>;
}

export async function lookAround(client: DynamoDBDocumentClient, table: string, at: number, resources: ReadonlyMap<string, Observation>, copies: ReadonlySet<string>): Promise<Moment> {
  const moment = {
    at, projects: new Map<string, Project>(), models: new Map<string, Model>(), deployments: new Map<string, Deployment>(),
    tokens: new Map<string, { operationId: string; expiresAt: number }>(), running: 0, projectsUsed: 0, resources: new Map(resources), copies: new Set(copies),
  };
  for await (const row of scan(client, table)) {
    const [pk, sk] = [String(row['pk']), String(row['sk'])];
    if (pk === 'PROJECTS') moment.projects.set(sk, { name: sk, ...row } as unknown as Project);
    else if (sk.startsWith('MODEL#')) moment.models.set(`${String(row['project'])}/${String(row['version'])}`, row as unknown as Model);
    else if (sk.startsWith('DEPLOYMENT#')) moment.deployments.set(String(row['id']), row as unknown as Deployment);
    else if (sk === 'TOKEN') moment.tokens.set(pk, row as never);
    else if (pk === 'QUOTA' && sk === 'RUNNING_MODELS') moment.running = Number(row['used'] ?? 0);
    else if (pk === 'QUOTA') moment.projectsUsed = Number(row['used'] ?? 0);
  }
  return moment;
}
