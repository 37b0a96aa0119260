import { isDeepStrictEqual } from 'node:util';
import type { Actor } from './gate.ts';
import type { Moment } from './moments.ts';
import { limits, moves, passing, serving, tokenLife, tolerance } from './reference.ts';

/** What must hold between any two writes. @throws Error that says what does not */
export function checkMoment(before: Moment, now: Moment, actor: Actor, cause: string, fence?: { readonly operationId: string; readonly attempt: number }): void {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`${actor.name}: ${what}`);
  };
  const reserved = [...now.deployments.values()].filter((each) => each.reserved === true);
  must(now.running === reserved.length, `${now.running} models are counted as running, ${reserved.length} deployments are reserved`);
  must(now.running <= limits.running, `${now.running} models run; ${limits.running} may`);
  must(now.projectsUsed === now.projects.size, `${now.projectsUsed} projects are counted, ${now.projects.size} are there`);

  for (const { name, models, nextVersion } of now.projects.values()) {
    const own = [...now.models.values()].filter(({ project }) => project === name);
    must(models === own.length, `project ${name} counts ${models} models and has ${own.length}`);
    must(own.every(({ version }) => Number(version) < nextVersion), `project ${name} would give a version twice`);
  }
  for (const key of new Set([...before.models.keys(), ...now.models.keys()])) {
    const [from, to] = [before.models.get(key), now.models.get(key)];
    if (from?.status !== to?.status) {
      const causes = moves[from?.status ?? 'none']?.[to?.status ?? 'none'];
      must(causes?.some((each) => each === cause) === true, `${cause} moved ${key} from ${from?.status ?? 'none'} to ${to?.status ?? 'none'}`);
    }
    if (from !== undefined && to !== undefined && from.operation.id === to.operation.id) {
      must(to.operation.attempt >= from.operation.attempt, `the attempt of ${key} went back`);
    }
    if (fence !== undefined && from !== undefined && !isDeepStrictEqual(from, to)) {
      must(from.operation.id === fence.operationId && from.operation.attempt === fence.attempt, `a superseded task changed ${key}`);
    }
    if (to === undefined) continue;
    must(passing.includes(to.status) === (to.dueAt !== undefined), `${key} is ${to.status}, and ${to.dueAt === undefined ? 'nobody will' : 'somebody would'} look at it`);
    must(to.statusMessage !== '', `${key} does not say what it is doing`);
    const wanted = reserved.filter((each) => `${each.project}/${each.version}` === key && each.releasedAt === undefined);
    must(wanted.length <= 1, `${key} has ${wanted.length} deployments that are not on their way out`);
    if (['TRAINED', 'TRAINING', 'TRAINING_FAILED'].includes(to.status)) must(wanted.length === 0, `${key} is ${to.status} and still hosted`);
    if (serving.includes(to.status)) must(wanted[0]?.id === to.deploymentId, `${key} is ${to.status} without its deployment`);
  }
  for (const deployment of now.deployments.values()) {
    must(deployment.endedAt !== undefined || deployment.dueAt !== undefined, `deployment ${deployment.id} is open and nobody will look at it`);
    must((deployment.endedAt === undefined) === (deployment.reserved === true), `deployment ${deployment.id} has ended and still counts, or the reverse`);
    const was = before.deployments.get(deployment.id);
    must(was?.endedAt === undefined || deployment.endedAt === was.endedAt, `deployment ${deployment.id} ended twice`);
  }
  for (const id of now.resources.keys()) must(now.deployments.has(id), `the engine holds ${id}, of which no row knows`);
  for (const [key, token] of now.tokens) {
    const was = before.tokens.get(key);
    if (was === undefined || was.operationId === token.operationId) continue;
    must(was.expiresAt * 1000 <= now.at + tolerance, `${key} named ${was.operationId}, and now names ${token.operationId}`);
  }
}

/** A token is good for one operation in eight hours, whatever was retried. */
export function checkOperations(operations: readonly { readonly name: string; readonly token: string; readonly at: number }[]): void {
  for (const [index, { name, token, at }] of operations.entries()) {
    const again = operations.slice(index + 1).find((other) => other.name === name && other.token === token && Math.abs(other.at - at) < tokenLife - tolerance);
    if (again !== undefined) throw new Error(`${name} with token ${token} began two operations`);
  }
}

/** What must hold when nobody is at work and nothing is due. */
export function checkQuiet(now: Moment): void {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`at rest: ${what}`);
  };
  for (const [key, model] of now.models) must(!passing.includes(model.status), `${key} is still ${model.status}: ${model.statusMessage}`);
  const hosted = [...now.models.values()].filter(({ status }) => serving.includes(status));
  const open = [...now.deployments.values()].filter(({ endedAt }) => endedAt === undefined).map(({ id }) => id).sort();
  const current = hosted.map(({ deploymentId }) => deploymentId ?? '').sort();
  must(open.join() === current.join(), `open deployments are ${open.join()}, hosted models have ${current.join()}`);
  must([...now.resources.keys()].sort().join() === current.join(), `the engine holds ${[...now.resources.keys()].join()}, hosted models have ${current.join()}`);
  for (const copy of now.copies) must(now.models.has(copy), `a copy of the artifact of ${copy} was left`);
  for (const model of now.models.values()) {
    if (model.artifact !== undefined) must(now.copies.has(`${model.project}/${model.version}`), `the artifact of ${model.project}/${model.version} is gone`);
  }
}
