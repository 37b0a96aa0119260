import type { CallName } from './commands.ts';
import type { Moment } from './moments.ts';

// The lifecycle as its documentation tells it, written down by hand and used by nothing but this proof.

type Cause = CallName | 'task' | 'sweep';

/** From where to where a model may go, and who may bring it there. `none` is a version that does not exist. */
export const moves: Readonly<Record<string, Readonly<Record<string, readonly Cause[]>>>> = {
  none: { TRAINING: ['ImportModel'] },
  TRAINING: { TRAINED: ['task'], TRAINING_FAILED: ['task', 'sweep'] },
  TRAINED: { STARTING_HOSTING: ['StartModel'], DELETING: ['DeleteModel'] },
  TRAINING_FAILED: { DELETING: ['DeleteModel'] },
  STARTING_HOSTING: { HOSTED: ['task', 'sweep'], HOSTING_FAILED: ['task', 'sweep'], STOPPING_HOSTING: ['StopModel'] },
  HOSTED: { SYSTEM_UPDATING: ['sweep'], HOSTING_FAILED: ['sweep'], STOPPING_HOSTING: ['StopModel'] },
  SYSTEM_UPDATING: { HOSTED: ['sweep'], HOSTING_FAILED: ['sweep'], STOPPING_HOSTING: ['StopModel'] },
  HOSTING_FAILED: { STARTING_HOSTING: ['StartModel'], STOPPING_HOSTING: ['StopModel'], DELETING: ['DeleteModel'] },
  STOPPING_HOSTING: { TRAINED: ['task', 'sweep'] },
  DELETING: { none: ['task', 'sweep'] },
};

export const passing = ['TRAINING', 'STARTING_HOSTING', 'STOPPING_HOSTING', 'DELETING'];
export const serving = ['HOSTED', 'SYSTEM_UPDATING'];
export const limits = { running: 2, projects: 2, models: 4 };

/** A client token counts for eight hours; clocks of functions differ by up to three seconds, and rows hold whole ones. */
export const tokenLife = 8 * 3600 * 1000;
export const tolerance = 7000;

export interface Called {
  readonly operation: CallName;
  readonly caller: string;
  readonly project: string;
  /** Absent for `latest`. */
  readonly version?: string;
  readonly token?: string;
  /** Of the parameters. */
  readonly print: string;
  readonly at: number;
  readonly disturbed: () => boolean;
}

export interface Answered {
  readonly at: number;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const accepts: Partial<Record<CallName, readonly string[]>> = {
  StartModel: ['TRAINED', 'HOSTING_FAILED'],
  StopModel: ['HOSTED', 'SYSTEM_UPDATING', 'HOSTING_FAILED', 'STARTING_HOSTING'],
  DeleteModel: ['TRAINED', 'TRAINING_FAILED', 'HOSTING_FAILED'],
  DetectAnomalies: serving,
};

/**
 * Whether a call may be answered so, given every moment of its duration and every other call, answered or not.
 * @returns what is wrong, or undefined
 */
export function wrongAnswer(call: Called, { at, status, body }: Answered, all: readonly Moment[], since: number, others: readonly Called[]): string | undefined {
  const during = all.slice(since);
  const some = (holds: (moment: Moment) => boolean): boolean => during.some(holds);
  const statusAt = (moment: Moment): string => (call.version === undefined ? 'unknown' : moment.models.get(`${call.project}/${call.version}`)?.status ?? 'none');
  const effectsOf = (caller: string, moments = all): Set<string> =>
    new Set(moments.flatMap(({ models }) => [...models.values()].filter(({ operation }) => operation.actor === caller).map(({ operation }) => operation.id)));
  const effects = effectsOf(call.caller);
  if (effects.size > 1) return 'it began two operations';
  const begins = ['StartModel', 'StopModel', 'DeleteModel', 'ImportModel'].includes(call.operation);
  const sameToken = others.filter((other) => other !== call && other.token !== undefined && other.token === call.token && other.operation === call.operation
    && (!begins || effectsOf(other.caller).size > 0));
  const before = sameToken.find((other) => begins && at - other.at < tokenLife - tolerance && effectsOf(other.caller, all.slice(0, since + 1)).size > 0);
  if (before !== undefined && status < 500 && status !== 429) {
    const want = before.print === call.print ? 202 : 400;
    if (status !== want) return `its token had named ${before.caller} before, so it had to be answered ${want}`;
  }
  if (status < 300) {
    if (call.operation === 'DescribeModel') {
      const shown = (body['ModelDescription'] as { Status: string }).Status;
      return call.version === undefined || some((moment) => statusAt(moment) === shown) ? undefined : `it shows ${shown}, which the model never was meanwhile`;
    }
    if (!begins || effects.size === 1) return undefined;
    if (sameToken.some(({ print }) => print === call.print)) return undefined;
    if (call.operation === 'DeleteModel' && some((moment) => statusAt(moment) === 'DELETING')) return undefined;
    return 'it was accepted and began nothing, and repeats no earlier call';
  }
  if (status === 500) return call.disturbed() ? undefined : 'it failed though nothing was in its way';
  if (effects.size > 0) return `it was refused with ${status} and began an operation`;
  const reasons: Partial<Record<number, () => boolean>> = {
    400: () => sameToken.some(({ print }) => print !== call.print),
    402: () => some((moment) => (call.operation === 'StartModel' && moment.running >= limits.running)
      || (call.operation === 'CreateProject' && moment.projects.size >= limits.projects)
      || (call.operation === 'ImportModel' && (moment.projects.get(call.project)?.models ?? 0) >= limits.models)),
    404: () => some((moment) => !moment.projects.has(call.project) || statusAt(moment) === 'none' || statusAt(moment) === 'DELETING'
      || (call.version === undefined && ![...moment.models.values()].some(({ project }) => project === call.project))),
    409: () => call.version === undefined || call.operation === 'TagResource'
      || some((moment) => accepts[call.operation]?.includes(statusAt(moment)) === false)
      || (call.operation === 'CreateProject' && some(({ projects }) => projects.has(call.project)))
      || (call.operation === 'DeleteProject' && some(({ projects }) => (projects.get(call.project)?.models ?? 0) > 0))
      || (call.operation === 'DetectAnomalies' && some((moment) => ![...moment.resources.values()].some(({ state }) => state === 'ready' || state === 'updating'))),
    429: call.disturbed,
  };
  return reasons[status]?.() === true ? undefined : `nothing explains ${status}: ${JSON.stringify(body)}`;
}
