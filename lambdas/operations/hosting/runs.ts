import { NotFoundError } from '../../contract/errors.ts';
import type { Value } from '../../contract/shapes.ts';
import { modelId, type Deployment, type ModelKey } from '../../domain/model.ts';
import { costOf, rateOf, unitMinutes, type RunEvent, type RunRate } from '../../domain/run.ts';
import type { Settings } from '../../domain/settings.ts';
import { nameOf } from '../../engines/names.ts';
import type { Operation, ReadContext } from '../context.ts';
import { notFound, resolveVersion } from '../models/models.ts';
import { page } from '../paging.ts';

const runIds = /^[a-z0-9]{1,64}$/;

/**
 * Runs of one version, the newest first: also of a version that was deleted, for as long as records are
 * kept.
 */
export const ListRuns: Operation<'ListRuns'> = async (input, ctx) => {
  const key = await versionOf(input, ctx);
  const { items, next } = await page(
    input,
    ['ListRuns', key.project, key.version],
    runIds,
    (before) => ctx.store.deployments.newest(key, before),
    ({ id }) => id,
  );
  if (items.length === 0 && (await ctx.store.models.get(key)) === undefined) throw await notFound(ctx, key);
  return { Runs: items.map((run) => summary(run, ctx)), ...next };
};

export const DescribeRun: Operation<'DescribeRun'> = async (input, ctx) => {
  const key = { ...(await versionOf(input, ctx)), id: input.RunId };
  const run = await ctx.store.deployments.get(key);
  if (run === undefined) {
    throw new NotFoundError(
      'MODEL',
      `${modelId(key)}/${key.id}`,
      `Run ${key.id} of model version ${key.version} of project ${key.project} was not found.`,
    );
  }
  const rate = rateOfRun(run, ctx.settings);
  return {
    RunDescription: {
      Run: summary(run, ctx),
      ...(run.startedFrom !== undefined && { StartedFrom: run.startedFrom }),
      ...(rate !== undefined && {
        Engine: rate.engine,
        UnitType: rate.unit,
        ...(rate.perHour !== undefined && { PricePerUnitHour: rate.perHour }),
      }),
      // Names are made of the run's id alone; a process has none.
      EngineResources: rate?.engine === 'process' ? [] : [nameOf(ctx.settings, run.id)],
      UnitHistory: (run.unitHistory ?? []).map(({ at, min, max, count }) => ({
        Timestamp: at,
        InferenceUnits: count,
        ...unitsShown({ min, ...(max !== undefined && { max }) }),
      })),
      Timeline: (run.timeline ?? []).map(eventShown),
    },
  };
};

async function versionOf(
  input: { readonly ProjectName: string; readonly ModelVersion: string },
  ctx: ReadContext,
): Promise<ModelKey> {
  const key = { project: input.ProjectName, version: input.ModelVersion };
  const version = await resolveVersion(ctx, key, 'highest');
  if (version === undefined) throw await notFound(ctx, key);
  return { ...key, version };
}

/** Rows of 0.1 have no rate of their own: the stage's is the best that is known. */
export const rateOfRun = (run: Deployment, { rates }: Pick<Settings, 'rates'>): RunRate | undefined =>
  run.rate ?? rateOf(rates, run.format);

/** What a span of a run comes to. */
export function billOf(
  run: Deployment,
  { settings, clock }: Pick<ReadContext, 'settings' | 'clock'>,
  from = -Infinity,
  to = Infinity,
): { readonly UnitMinutes: number; readonly Cost?: number; readonly Currency?: string } {
  const minutes = unitMinutes(run, from, to, clock.now());
  const rate = rateOfRun(run, settings);
  const cost = costOf(minutes, rate);
  return {
    UnitMinutes: minutes,
    ...(cost !== undefined && rate !== undefined && { Cost: cost, Currency: rate.currency }),
  };
}

export const unitsShown = ({ min, max }: { readonly min: number; readonly max?: number }) => ({
  MinInferenceUnits: min,
  ...(max !== undefined && { MaxInferenceUnits: max }),
});

const eventShown = ({ at, status, actor, message, units }: RunEvent): Value<'RunEvent'> => ({
  Timestamp: at,
  Status: status,
  Actor: actor,
  ...(message !== undefined && { Message: message }),
  ...(units !== undefined && unitsShown(units)),
});

/** Rows of 0.1 have no timeline: what they do have says as much. */
const statusOf = (run: Deployment): Value<'RunStatus'> => {
  if (run.endedAt !== undefined) return 'ENDED';
  const last = run.timeline?.at(-1)?.status;
  if (last !== undefined) return last;
  if (run.releasedAt !== undefined) return 'STOPPING_HOSTING';
  return run.hostedAt === undefined ? 'STARTING_HOSTING' : 'HOSTED';
};

function summary(run: Deployment, ctx: Pick<ReadContext, 'settings' | 'clock'>): Value<'Run'> {
  return {
    RunId: run.id,
    Status: statusOf(run),
    StartedTimestamp: run.startedAt,
    ...(run.hostedAt !== undefined && { HostedTimestamp: run.hostedAt }),
    ...(run.lastUsedAt !== undefined && { LastUsedTimestamp: run.lastUsedAt }),
    ...(run.endedAt !== undefined && { EndedTimestamp: run.endedAt }),
    StartedBy: run.startedBy,
    ...(run.endedBy !== undefined && { EndedBy: run.endedBy }),
    ...(run.endReason !== undefined && { EndReason: run.endReason }),
    ...unitsShown(run.units),
    ...billOf(run, ctx),
  };
}
