import { actorOf, endOf, inForce, type End, type PolicyScope } from '../../domain/hosting-policy.ts';
import { mayBegin } from '../../domain/lifecycle.ts';
import { modelId, type Deployment, type Model } from '../../domain/model.ts';
import { wakeActor } from '../../domain/run.ts';
import { momentOf, opens } from '../../domain/schedule.ts';
import type { PolicyRow } from '../../store/policies.ts';
import { ConditionFailed } from '../../store/table.ts';
import type { SweepContext } from '../context.ts';

/** A start that was refused is tried again after so many milliseconds, while its window is open. */
const retryAfter = 5 * 60_000;

/**
 * Holds a hosted run against the policies of its model, its project and the stage.
 * @returns when it ends by them, if nothing happens until then; or `stopped`
 */
export async function enforce(
  ctx: SweepContext,
  model: Model,
  run: Deployment,
): Promise<'stopped' | { readonly endsAt?: number }> {
  const { store, clock, settings } = ctx;
  const now = clock.now();
  const policies = await store.policies.ofModel(model);
  const end =
    (await overBudget(ctx, run, policies.model, now)) ??
    (await overBudget(ctx, run, policies.project, now)) ??
    endOf(run, inForce(settings.hostingPolicy, policies.project?.policy, policies.model?.policy), now);
  if (end === undefined || end.at > now) return end === undefined ? {} : { endsAt: end.at };
  const { actor, cause } = end;
  if (await ctx.models.stop({ project: run.project, version: run.version, runId: run.id }, { actor, cause }))
    ctx.log.event('policy.stopped', { model: modelId(run), run: run.id, actor, reason: cause.reason });
  return 'stopped';
}

/** Closes a budget that is used up to further starts; and ends the run, where the policy says so. */
async function overBudget(
  { store }: SweepContext,
  run: Deployment,
  row: PolicyRow | undefined,
  now: number,
): Promise<End | undefined> {
  if (row === undefined || (row.policy.MonthlyUnitHours ?? 0) === 0) return undefined;
  let until = row.exhaustedUntil !== undefined && row.exhaustedUntil > now ? row.exhaustedUntil : undefined;
  if (until === undefined) {
    until = await store.policies.exhaustedUntil(row, row.policy, now);
    if (until === undefined) return undefined;
    await store.commit(store.policies.exhaust(row, until));
  }
  if (row.policy.OnBudget !== 'STOP') return undefined;
  return {
    at: now,
    actor: actorOf(row.version === undefined ? 'PROJECT' : 'MODEL', run),
    cause: { reason: 'BUDGET', message: 'The monthly unit hours of its hosting policy are used up.' },
  };
}

/** Opens a window of a schedule that is due: starts what it is to start, and says when the next one opens. */
export async function openWindow(ctx: SweepContext, scope: PolicyScope): Promise<void> {
  const now = ctx.clock.now();
  const row = await ctx.store.policies.get(scope);
  // A host that starts looks at every row that is due at some time: a window does not open before its time.
  if (row?.dueAt === undefined || row.dueAt > now) return;
  const { Schedule: schedule } = row.policy;
  if (schedule === undefined || !opens(schedule))
    return ctx.store.commit(ctx.store.policies.look(row, undefined));
  const moment = momentOf(schedule, now);
  let refused = false;
  if (moment.isOpen) {
    const opened = moment.since ?? row.dueAt;
    for await (const model of startedBy(ctx, row, opened)) {
      const actor = actorOf(row.version === undefined ? 'PROJECT' : 'MODEL', model);
      if (!(await start(ctx, model, actor, 'A window of its schedule has opened.'))) refused = true;
    }
  }
  const next = refused ? Math.min(now + retryAfter, moment.nextOpening ?? Infinity) : moment.nextOpening;
  await ctx.store.commit(ctx.store.policies.look(row, next));
}

/**
 * A model's own schedule starts that model; a project's starts those that a schedule has stopped. What
 * somebody has stopped since the window opened stays so.
 */
async function* startedBy(
  { store }: SweepContext,
  { project, version }: PolicyRow,
  opened: number,
): AsyncGenerator<Model> {
  const isIdle = ({ status, operation }: Model): boolean =>
    (mayBegin.start as readonly string[]).includes(status) && operation.at < opened;
  if (version !== undefined) {
    const model = await store.models.get({ project, version });
    if (model !== undefined && isIdle(model)) yield model;
    return;
  }
  for await (const model of store.models.list(project)) {
    const { kind, cause } = model.operation;
    if (!isIdle(model) || kind !== 'stop' || cause?.reason !== 'SCHEDULE') continue;
    if ((await store.policies.get(model))?.policy.Schedule === undefined) yield model;
  }
}

/** Starts what DetectAnomalies has asked for. What is refused is asked for again by the next picture. */
export async function wake(ctx: SweepContext, model: Model): Promise<void> {
  if (await start(ctx, model, wakeActor, 'A picture was sent to it.')) return;
  try {
    await ctx.store.commit(ctx.store.models.sleep(model));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

/** With the units of its last run. @returns whether it was started */
async function start(ctx: SweepContext, model: Model, actor: string, message: string): Promise<boolean> {
  const { project, version } = model;
  let units: Deployment['units'] = { min: 1 };
  for await (const last of ctx.store.deployments.newest(model)) {
    ({ units } = last);
    break;
  }
  const refusal = await ctx.models.start({ project, version, units }, { actor, message });
  if (refusal === undefined) ctx.log.event('policy.started', { model: modelId(model), actor });
  else ctx.log.event('policy.refused', { model: modelId(model), actor, reason: refusal });
  return refusal === undefined;
}
