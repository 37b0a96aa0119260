import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDatabase } from '../../../lambdas/local/database.ts';
import { documentClient } from '../../../lambdas/local/table-client.ts';
import { scan } from '../../../lambdas/local/execution-memory.ts';
import { processesOf } from '../../helpers/host-process.ts';
import { Hosts } from './hosts.ts';

const crashHost = 'test/proof/crash/crash-host.ts';

/** A story that a caller lives through with one host after the other, and that leaves nothing behind. */
export interface Life {
  readonly name: string;
  /** Lays down what the caller brings. */
  prepare(dataDir: string): Promise<void> | void;
  walk(hosts: Hosts, dataDir: string): Promise<void>;
  /** Runs that the table remembers afterwards. */
  readonly deployments: number;
}

export interface Outcome {
  /** How often the host was killed. */
  readonly kills: number;
  /** The points that were passed. */
  readonly points: readonly string[];
  /** What was not as it must be at the end; none if all was well. */
  readonly wrong: readonly string[];
}

export interface Killing {
  /** The host kills itself here, once. */
  readonly at?: string;
  /** Somebody kills it after so many milliseconds; each number is one host's. */
  readonly after?: readonly number[];
}

/**
 * Whenever the host dies an ordinary one is started on the same folder, and the caller repeats the call that
 * was not answered, with the token that it had.
 */
export async function live(life: Life, { at, after = [] }: Killing): Promise<Outcome> {
  const dataDir = mkdtempSync(join(tmpdir(), 'crowsnest-crash-'));
  const notes = join(dataDir, 'points');
  await life.prepare(dataDir);
  const hosts = new Hosts(
    dataDir,
    at === undefined && after.length > 0 ? undefined : [crashHost, at ?? 'never', notes],
    [...after],
  );
  try {
    await life.walk(hosts, dataDir);
    const wrong = await hosts.end();
    return {
      kills: hosts.kills,
      points: existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : [],
      wrong: [...wrong, ...(await leftovers(dataDir, life))],
    };
  } finally {
    await hosts.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** What must be true of the folder when the life is over. */
async function leftovers(dataDir: string, life: Life): Promise<string[]> {
  const wrong: string[] = [];
  const processes = processesOf(dataDir);
  if (processes.length > 0) wrong.push(`processes live on: ${processes.join()}`);
  const artifacts = join(dataDir, 's3/crowsnest-artifacts');
  const copies = existsSync(artifacts)
    ? readdirSync(artifacts, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) =>
        entry.isFile(),
      )
    : [];
  if (copies.length > 0)
    wrong.push(`copies of the artifact are left: ${copies.map(({ name }) => name).join()}`);
  const database = await startDatabase(join(dataDir, 'table.db'), {
    register: () => undefined,
    unregister: () => undefined,
  });
  const client = documentClient(database);
  try {
    let deployments = 0;
    const written = new Set<string>();
    const promised = new Set<string>();
    for await (const row of scan(client, 'crowsnest')) {
      const [pk, sk] = [String(row['pk']), String(row['sk'])];
      if (pk === 'QUOTA' && row['used'] !== 0) wrong.push(`${String(row['used'])} of ${sk} are counted`);
      // What nobody reads any more is removed an hour later; until then it is promised. Changes that never
      // became an operation expire.
      if (/^[EIC]#/.test(pk) && row['expiresAt'] === undefined) written.add(pk);
      if (sk === 'DISCARD') for (const place of row['partitions'] as string[]) promised.add(place);
      if (sk.startsWith('MODEL#') || sk.startsWith('DATASET#') || pk === 'PROJECTS' || sk.startsWith('TAGS#'))
        wrong.push(`the row ${pk} ${sk} is left`);
      if (!sk.startsWith('DEPLOYMENT#')) continue;
      deployments += 1;
      if (row['endedAt'] === undefined || row['reserved'] !== undefined || row['dueAt'] !== undefined)
        wrong.push(`${sk} has not ended`);
    }
    if (deployments !== life.deployments)
      wrong.push(`${life.deployments} starts made ${deployments} deployments`);
    for (const place of written)
      if (!promised.has(place)) wrong.push(`nobody has promised to remove ${place}`);
    for await (const row of scan(client, 'crowsnest-executions'))
      if (row['status'] === 'RUNNING') wrong.push(`the execution ${String(row['name'])} seems to run`);
  } finally {
    client.destroy();
    await database.close();
  }
  return wrong;
}
