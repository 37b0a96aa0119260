import { isDeepStrictEqual } from 'node:util';
import type { CallName } from './commands.ts';
import { countsOf, suffices, type Given } from './lines.ts';
import { operationsOf, type Moment } from './moments.ts';
import { accepts, datasetTime, limits, stateOf, tokenLife, tolerance } from './reference.ts';

// Which answers a call may get, as the documentation tells it, written down by hand.

export interface Called {
  readonly operation: CallName;
  readonly caller: string;
  readonly project: string;
  /** Absent for `latest`, and where a call names no model. */
  readonly version?: string;
  readonly type?: 'train' | 'test';
  readonly job?: string;
  readonly given?: Given;
  readonly token?: string;
  /** Of the parameters. */
  readonly print: string;
  readonly at: number;
  readonly disturbed: () => boolean;
  readonly answer: () => Answered | undefined;
}

export interface Answered {
  readonly at: number;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls that begin something which shows who began it. */
const begins: readonly CallName[] = [
  'StartModel',
  'StopModel',
  'DeleteModel',
  'ImportModel',
  'CreateDataset',
  'UpdateDatasetEntries',
  'CreateModel',
  'StartModelPackagingJob',
];

/** They answer with what is the case when they are repeated. */
const answersNow: readonly CallName[] = ['StartModel', 'StopModel'];

const successOf = (operation: CallName): number => (operation === 'StartModelPackagingJob' ? 200 : 202);

/**
 * Whether a call may be answered so, given every moment of its duration and every other call, answered or
 * not.
 * @returns what is wrong, or undefined
 */
export function wrongAnswer(
  call: Called,
  answered: Answered,
  all: readonly Moment[],
  since: number,
  others: readonly Called[],
): string | undefined {
  const { at, status, body } = answered;
  const during = all.slice(since);
  const begun = begins.includes(call.operation);
  const effectsOf = (caller: string, moments = all): Set<string> =>
    new Set(
      moments.flatMap((moment) =>
        operationsOf(moment)
          .filter(({ actor }) => actor === caller)
          .map(({ id }) => id),
      ),
    );
  const effects = effectsOf(call.caller, during);
  if (effects.size > 1) return 'it began two operations';
  const sameToken = others.filter(
    (other) =>
      other !== call &&
      other.token !== undefined &&
      other.token === call.token &&
      other.operation === call.operation &&
      (!begun || effectsOf(other.caller).size > 0),
  );
  const before = sameToken.find(
    (other) =>
      begun &&
      at - other.at < tokenLife - tolerance &&
      effectsOf(other.caller, all.slice(0, since + 1)).size > 0,
  );
  if (before !== undefined && status < 500 && status !== 429) {
    const want = before.print === call.print ? successOf(call.operation) : 400;
    if (status !== want)
      return `its token had named ${before.caller} before, so it had to be answered ${want}`;
  }
  if (status < 300) {
    const shown = wrongSight(call, body, during, at);
    if (shown !== undefined) return shown;
    const same = sameToken.filter(({ print }) => print === call.print);
    const other = same.find(
      ({ operation, answer, ...each }) =>
        !answersNow.includes(operation) &&
        (answer()?.status ?? 500) < 300 &&
        Math.max(at, answer()?.at ?? 0) - Math.min(call.at, each.at) < tokenLife - tolerance &&
        !isDeepStrictEqual(answer()?.body, body),
    );
    if (other !== undefined)
      return `${other.caller}, with the same token, was answered ${JSON.stringify(other.answer()?.body)}`;
    if (!begun) return undefined;
    if (effects.size === 1)
      return mayBegin(call, during) ? undefined : 'it was accepted although nothing was there to begin from';
    if (same.length > 0) return undefined;
    if (call.operation === 'DeleteModel' && during.some((moment) => subjectAt(call, moment) === 'DELETING'))
      return undefined;
    return 'it was accepted and began nothing, and repeats no earlier call';
  }
  if (status === 500) return call.disturbed() ? undefined : 'it failed though nothing was in its way';
  if (effects.size > 0) return `it was refused with ${status} and began an operation`;
  const explained =
    status === 429
      ? call.disturbed()
      : (status === 400 && sameToken.some(({ print }) => print !== call.print)) ||
        during.some((moment) => explains(call, status, moment)) ||
        overtaken(call, status, during);
  return explained ? undefined : `nothing explains ${status}: ${JSON.stringify(body)}`;
}

const datasetsOf = ({ project }: Called, moment: Moment) =>
  ['train', 'test'].flatMap((type) => moment.datasets.get(`${project}/${type}`) ?? []);

/** The state of what a call is about; `unknown` where `latest` leaves it open. */
function subjectAt(call: Called, { models, datasets, jobs }: Moment): string {
  if (call.type !== undefined) return datasets.get(`${call.project}/${call.type}`)?.status ?? 'none';
  if (call.operation === 'DescribeModelPackagingJob')
    return jobs.get(`${call.project}/${call.job ?? ''}`)?.status ?? 'none';
  if (call.version === undefined) return 'unknown';
  const state = stateOf(models.get(`${call.project}/${call.version}`));
  return state === 'IMPORTING' ? 'TRAINING' : state;
}

/**
 * Whether datasets and model were, at some time, such that the call could be accepted; the moves see to the
 * rest.
 */
function mayBegin(call: Called, during: readonly Moment[]): boolean {
  if (call.operation === 'CreateModel') {
    return during.some(
      (moment) =>
        enough(call, moment) &&
        datasetsOf(call, moment).every(({ status }) => accepts.CreateModel?.includes(status)),
    );
  }
  if (call.operation !== 'StartModelPackagingJob' || call.version === undefined) return true;
  return during.some((moment) => accepts.StartModelPackagingJob?.includes(subjectAt(call, moment)));
}

const enough = ({ project }: Called, { contents }: Moment): boolean =>
  suffices(contents.get(`${project}/train`), contents.get(`${project}/test`));

/** What readers were shown must have been true at some time meanwhile. */
function wrongSight(
  call: Called,
  body: Answered['body'],
  during: readonly Moment[],
  at: number,
): string | undefined {
  const { project, type = '' } = call;
  const was = (status: string): boolean => during.some((moment) => subjectAt(call, moment) === status);
  const sights: Partial<Record<CallName, () => boolean>> = {
    DescribeModel: () =>
      call.version === undefined || was((body['ModelDescription'] as { Status: string }).Status),
    DescribeModelPackagingJob: () => was((body['ModelPackagingDescription'] as { Status: string }).Status),
    DescribeDataset: () => {
      const { Status, ImageStats } = body['DatasetDescription'] as { Status: string; ImageStats: object };
      return during.some((moment) => {
        const { total, normal, anomaly } = countsOf(moment.contents.get(`${project}/${type}`) ?? []);
        return (
          subjectAt(call, moment) === Status &&
          isDeepStrictEqual(ImageStats, {
            Total: total,
            Labeled: normal + anomaly,
            Normal: normal,
            Anomaly: anomaly,
          })
        );
      });
    },
    // What was replaced is removed when no reader can be at it any more: a laptop that slept in the middle of
    // a call may find it gone.
    ListDatasetEntries: () =>
      at - call.at > datasetTime ||
      during.some(({ contents }) =>
        isDeepStrictEqual(contents.get(`${project}/${type}`), body['DatasetEntries']),
      ),
    DescribeProject: () => {
      const { Datasets } = body['ProjectDescription'] as {
        Datasets: readonly { DatasetType: string; Status: string }[];
      };
      const shown = Datasets.map(({ DatasetType, Status }) => `${DatasetType} ${Status}`).join();
      return during.some(
        (moment) =>
          datasetsOf(call, moment)
            .map((dataset) => `${dataset.type} ${dataset.status}`)
            .join() === shown,
      );
    },
  };
  return sights[call.operation]?.() === false
    ? `it shows what never was so meanwhile: ${JSON.stringify(body)}`
    : undefined;
}

/** Whether what is the case at one moment is a reason for this refusal. */
function explains(call: Called, status: number, moment: Moment): boolean {
  const { operation, project: name, job } = call;
  const project = moment.projects.get(name);
  const subject = subjectAt(call, moment);
  const models = [...moment.models.values()].filter((model) => model.project === name);
  switch (status) {
    case 400:
      return operation === 'CreateModel' && !enough(call, moment);
    case 402:
      return (
        (operation === 'StartModel' && (moment.used.get('RUNNING_MODELS') ?? 0) >= limits.running) ||
        (operation === 'CreateProject' && moment.projects.size >= limits.projects) ||
        ((operation === 'ImportModel' || operation === 'CreateModel') &&
          (project?.models ?? 0) >= limits.models) ||
        (operation === 'CreateModel' && (moment.used.get('TRAINING_JOBS') ?? 0) >= limits.trainings) ||
        (operation === 'StartModelPackagingJob' && (moment.used.get('PACKAGING_JOBS') ?? 0) >= limits.jobs)
      );
    case 404:
      return (
        project === undefined ||
        subject === 'none' ||
        (subject === 'unknown' && models.length === 0) ||
        (subject === 'DELETING' && operation !== 'StartModelPackagingJob') ||
        (operation === 'CreateModel' && !moment.datasets.has(`${name}/train`)) ||
        (operation === 'DescribeModelPackagingJob' &&
          (moment.jobs.get(`${name}/${job ?? ''}`)?.createdAt ?? 0) < project.createdAt)
      );
    case 409:
      if (operation === 'CreateDataset') return subject !== 'none';
      if (operation === 'CreateProject') return project !== undefined;
      if (operation === 'DeleteProject') return (project?.models ?? 0) + (project?.datasets ?? 0) > 0;
      if (operation === 'CreateModel')
        return datasetsOf(call, moment).some(
          (dataset) => accepts.CreateModel?.includes(dataset.status) === false,
        );
      if (operation === 'StartModelPackagingJob' && moment.jobs.has(`${name}/${job ?? ''}`)) return true;
      if (
        operation === 'DetectAnomalies' &&
        ![...moment.resources.values()].some(({ state }) => state === 'ready' || state === 'updating')
      )
        return true;
      if (operation === 'TagResource' || operation === 'UntagResource') return true;
      return subject === 'unknown'
        ? call.version === undefined && accepts[operation] !== undefined
        : accepts[operation]?.includes(subject) === false;
    default:
      return false;
  }
}

/**
 * A call that others came before, again and again, gives up. One that begins a version does so when its time is
 * over, and a laptop that sleeps in between ends that at once: one change by others explains it.
 */
function overtaken(call: Called, status: number, during: readonly Moment[]): boolean {
  if (status !== 409) return false;
  if (call.operation === 'CreateModel' || call.operation === 'ImportModel') {
    const seen = during.map((moment) =>
      [
        moment.projects.get(call.project)?.nextVersion,
        ...datasetsOf(call, moment).map(({ operation, status: state }) => `${operation.id} ${state}`),
      ].join(),
    );
    return new Set(seen).size > 1;
  }
  if (call.operation !== 'DeleteDataset') return false;
  const states = during
    .map(({ datasets }) => datasets.get(`${call.project}/${call.type ?? ''}`))
    .map((dataset) => `${dataset?.operation.id ?? ''} ${dataset?.status ?? ''}`);
  return states.filter((state, index) => state !== states[index - 1]).length >= 5;
}
