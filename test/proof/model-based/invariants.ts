import { isDeepStrictEqual } from 'node:util';
import type { Actor } from './gate.ts';
import { checkDatasets, checkNothingLeft } from './places.ts';
import type { Moment } from './moments.ts';
import {
  datasetMoves,
  jobMoves,
  limits,
  moves,
  passing,
  serving,
  stateOf,
  tokenLife,
  tolerance,
  type Moves,
} from './reference.ts';

interface Fence {
  readonly operationId: string;
  readonly attempt: number;
}

/** A write, and who made it. */
export interface Written {
  readonly actor: Actor;
  /** The operation of a call, else the kind of the actor. */
  readonly cause: string;
  /** What a task was given. */
  readonly fence?: Fence;
}

export type Must = (holds: boolean, what: string) => void;

const mustOf =
  (whose: string): Must =>
  (holds, what) => {
    if (!holds) throw new Error(`${whose}: ${what}`);
  };

/** What must hold between any two writes. @throws Error that says what does not */
export function checkMoment(before: Moment, now: Moment, written: Written): void {
  const must = mustOf(written.actor.name);
  checkCounters(now, must);
  const each = { before, now, written, must };
  checkMoves({ ...each, what: 'model', of: ({ models }) => models, state: stateOf, moves });
  checkMoves({
    ...each,
    what: 'dataset',
    of: ({ datasets }) => datasets,
    state: (row) => row?.status ?? 'none',
    moves: datasetMoves,
  });
  checkMoves({
    ...each,
    what: 'job',
    of: ({ jobs }) => jobs,
    state: (row) => row?.status ?? 'none',
    moves: jobMoves,
  });
  checkHosting(before, now, must);
  for (const [key, { operation, project }] of now.jobs) {
    const was = before.jobs.get(key);
    const another = was !== undefined && was.operation.id !== operation.id;
    must(
      !another || was.createdAt < (now.projects.get(project)?.createdAt ?? 0),
      `job ${key} was made twice in one project`,
    );
  }
  checkDatasets(before, now, written.fence, must);
  for (const [key, token] of now.tokens) {
    const was = before.tokens.get(key);
    if (was === undefined || was.operationId === token.operationId) continue;
    must(
      was.expiresAt * 1000 <= now.at + tolerance,
      `${key} named ${was.operationId}, and now names ${token.operationId}`,
    );
  }
}

/** What is counted is what is there. */
function checkCounters({ projects, models, datasets, deployments, jobs, used }: Moment, must: Must): void {
  const counted = (quota: string, there: number, limit: number): void => {
    must(
      (used.get(quota) ?? 0) === there,
      `${used.get(quota) ?? 0} of ${quota} are counted, ${there} are there`,
    );
    must(there <= limit, `${there} of ${quota} are in use; ${limit} may be`);
  };
  counted(
    'RUNNING_MODELS',
    [...deployments.values()].filter(({ reserved }) => reserved === true).length,
    limits.running,
  );
  counted('PROJECTS', projects.size, limits.projects);
  counted(
    'TRAINING_JOBS',
    [...models.values()].filter((model) => stateOf(model) === 'TRAINING').length,
    limits.trainings,
  );
  counted(
    'PACKAGING_JOBS',
    [...jobs.values()].filter(({ reserved }) => reserved === true).length,
    limits.jobs,
  );
  for (const { name, models: modelCount, datasets: datasetCount, nextVersion } of projects.values()) {
    const own = [...models.values()].filter(({ project }) => project === name);
    must(modelCount === own.length, `project ${name} counts ${modelCount} models and has ${own.length}`);
    must(
      own.every(({ version }) => Number(version) < nextVersion),
      `project ${name} would give a version twice`,
    );
    const sets = [...datasets.values()].filter(({ project }) => project === name);
    must(
      datasetCount === sets.length,
      `project ${name} counts ${datasetCount} datasets and has ${sets.length}`,
    );
  }
  for (const { project } of [...models.values(), ...datasets.values()])
    must(projects.has(project), `something is in project ${project}, which is not there`);
  for (const { name, status, reserved } of jobs.values())
    must(
      (reserved === true) === passing.includes(status),
      `job ${name} is ${status}, and counts or does not`,
    );
  const trainings = [...models.values()]
    .filter(({ operation }) => operation.kind === 'train')
    .map(({ operation }) => operation.id);
  must(new Set(trainings).size === trainings.length, 'one training made two versions');
}

interface Kept {
  readonly status: string;
  readonly statusMessage: string;
  readonly dueAt?: number;
  readonly operation: { readonly id: string; readonly attempt: number };
}

/**
 * Every row goes where its lifecycle lets it, by whom it lets; whoever is superseded changes nothing; what is
 * passing is looked after.
 */
function checkMoves<Row extends Kept>({
  before,
  now,
  written: { cause, fence },
  must,
  what,
  of,
  state,
  moves: lifecycle,
}: {
  readonly before: Moment;
  readonly now: Moment;
  readonly written: Written;
  readonly must: Must;
  readonly what: string;
  readonly of: (moment: Moment) => ReadonlyMap<string, Row>;
  readonly state: (row: Row | undefined) => string;
  readonly moves: Moves;
}): void {
  for (const key of new Set([...of(before).keys(), ...of(now).keys()])) {
    const [from, to] = [of(before).get(key), of(now).get(key)];
    if (state(from) !== state(to)) {
      must(
        lifecycle[state(from)]?.[state(to)]?.some((each) => each === cause) === true,
        `${cause} moved ${what} ${key} from ${state(from)} to ${state(to)}`,
      );
    }
    if (from !== undefined && to !== undefined && from.operation.id === to.operation.id) {
      must(to.operation.attempt >= from.operation.attempt, `the attempt of ${what} ${key} went back`);
    }
    if (fence !== undefined && !isDeepStrictEqual(from, to)) {
      must(
        from?.operation.id === fence.operationId && from.operation.attempt === fence.attempt,
        `a superseded task changed ${what} ${key}`,
      );
    }
    if (to === undefined) continue;
    must(
      passing.includes(to.status) === (to.dueAt !== undefined),
      `${what} ${key} is ${to.status}, and ${to.dueAt === undefined ? 'nobody will' : 'somebody would'} look at it`,
    );
    must(to.statusMessage !== '', `${what} ${key} does not say what it is doing`);
  }
}

function checkHosting(before: Moment, now: Moment, must: Must): void {
  const reserved = [...now.deployments.values()].filter((each) => each.reserved === true);
  for (const [key, { status, deploymentId }] of now.models) {
    const wanted = reserved.filter(
      (each) => `${each.project}/${each.version}` === key && each.releasedAt === undefined,
    );
    must(wanted.length <= 1, `${key} has ${wanted.length} deployments that are not on their way out`);
    if (['TRAINED', 'TRAINING', 'TRAINING_FAILED'].includes(status))
      must(wanted.length === 0, `${key} is ${status} and still hosted`);
    if (serving.includes(status))
      must(wanted[0]?.id === deploymentId, `${key} is ${status} without its deployment`);
  }
  for (const deployment of now.deployments.values()) {
    must(
      deployment.endedAt !== undefined || deployment.dueAt !== undefined,
      `deployment ${deployment.id} is open and nobody will look at it`,
    );
    must(
      (deployment.endedAt === undefined) === (deployment.reserved === true),
      `deployment ${deployment.id} has ended and still counts, or the reverse`,
    );
    const was = before.deployments.get(deployment.id);
    must(
      was?.endedAt === undefined || deployment.endedAt === was.endedAt,
      `deployment ${deployment.id} ended twice`,
    );
  }
  for (const id of now.resources.keys())
    must(now.deployments.has(id), `the engine holds ${id}, of which no row knows`);
}

/** A token is good for one operation in eight hours, whatever was retried. */
export function checkOperations(
  operations: readonly { readonly name: string; readonly token: string; readonly at: number }[],
): void {
  for (const [index, { name, token, at }] of operations.entries()) {
    const again = operations
      .slice(index + 1)
      .find(
        (other) =>
          other.name === name && other.token === token && Math.abs(other.at - at) < tokenLife - tolerance,
      );
    if (again !== undefined) throw new Error(`${name} with token ${token} began two operations`);
  }
}

/**
 * What must hold when nobody is at work and nothing is due. @param excused objects that nobody could know to
 * be written
 */
export function checkQuiet(
  now: Moment,
  excused: ReadonlySet<string>,
  outside: { checkQuiet(now: Moment, must: Must): void },
): void {
  const must = mustOf('at rest');
  for (const [key, { status, statusMessage }] of [...now.models, ...now.datasets, ...now.jobs])
    must(!passing.includes(status), `${key} is still ${status}: ${statusMessage}`);
  const hosted = [...now.models.values()].filter(({ status }) => serving.includes(status));
  const open = [...now.deployments.values()]
    .filter(({ endedAt }) => endedAt === undefined)
    .map(({ id }) => id)
    .sort();
  const current = hosted.map(({ deploymentId }) => deploymentId ?? '').sort();
  must(
    open.join() === current.join(),
    `open deployments are ${open.join()}, hosted models have ${current.join()}`,
  );
  must(
    [...now.resources.keys()].sort().join() === current.join(),
    `the engine holds ${[...now.resources.keys()].join()}, hosted models have ${current.join()}`,
  );
  for (const copy of now.copies) must(now.models.has(copy), `a copy of the artifact of ${copy} was left`);
  for (const { project, version, artifact } of now.models.values()) {
    if (artifact !== undefined)
      must(
        now.objects.has(`${artifact.bucket}/${artifact.prefix}model.onnx`),
        `the artifact of ${project}/${version} is gone`,
      );
  }
  outside.checkQuiet(now, must);
  checkNothingLeft(now, must, excused);
}
