import type { Input } from '../../contract/operations.ts';
import type { Value } from '../../contract/shapes.ts';
import { Violations } from '../../contract/violations.ts';
import type { HostingPolicy, PolicyScope } from '../../domain/hosting-policy.ts';
import { momentOf, opens } from '../../domain/schedule.ts';
import { isTimeZone } from '../../domain/time-zone.ts';
import { check, present, type TransactionItem } from '../../store/expression.ts';
import { keys } from '../../store/keys.ts';
import type { PolicyRow } from '../../store/policies.ts';
import type { Call, Operation, ReadContext, WriteContext } from '../context.ts';
import { IdempotentCall } from '../idempotency.ts';
import { notFound, noProject, requireModel, requireProject } from '../models/models.ts';
import { page } from '../paging.ts';
import { reachedFrom } from '../reach.ts';
import { policyOf } from './ends.ts';

/** A project, or one of its models by version. */
const places = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}\/([1-9][0-9]{0,9})?$/;

/** @throws ValidationError with everything that is wrong beyond the form */
function requireSound({ Schedule: schedule }: HostingPolicy): void {
  if (schedule === undefined) return;
  const violations = new Violations();
  const path = 'hostingPolicy.schedule';
  if (!isTimeZone(schedule.TimeZone))
    violations.add(`${path}.timeZone`, schedule.TimeZone, 'Member must be the IANA name of a time zone');
  schedule.Windows.forEach(({ Days, Start, End }, index) => {
    const at = `${path}.windows.${index + 1}.member`;
    if (Days.length === 0)
      violations.add(`${at}.days`, Days, 'Member must have length greater than or equal to 1');
    if (Start === End) violations.add(`${at}.end`, End, 'Member must differ from start');
  });
  if (schedule.Windows.length === 0 && schedule.Action !== 'NONE')
    violations.add(`${path}.windows`, schedule.Windows, 'Member must have length greater than or equal to 1');
  violations.throwIfAny();
}

/** Believes that what the policy is for is there. */
const subjectExists = ({ store }: ReadContext, { project, version }: PolicyScope): TransactionItem =>
  version === undefined
    ? check('subject', keys.project(project), present('pk'))
    : { ...store.models.exists({ project, version }), name: 'subject' };

const missing = (ctx: ReadContext, { project, version }: PolicyScope) =>
  version === undefined ? noProject(project) : notFound(ctx, { project, version });

type Puts = 'PutHostingPolicy' | 'PutModelHostingPolicy';
type Drops = 'DeleteHostingPolicy' | 'DeleteModelHostingPolicy';

/**
 * Replaces the policy of a scope whole. What its budget leaves is counted at once; no window is opened by
 * it.
 */
async function replace(
  operation: Puts,
  scope: PolicyScope,
  input: Input<Puts>,
  ctx: WriteContext,
  call: Call,
): Promise<{ readonly HostingPolicy: HostingPolicy }> {
  const policy = input.HostingPolicy;
  requireSound(policy);
  const answer = { HostingPolicy: policy };
  const idempotent = new IdempotentCall<typeof answer>(ctx, operation, { ...input });
  const known = await idempotent.replay();
  if (known !== undefined) return known;
  const now = ctx.clock.now();
  const exhaustedUntil = await ctx.store.policies.exhaustedUntil(scope, policy, now);
  const { Schedule: schedule } = policy;
  const dueAt = schedule !== undefined && opens(schedule) ? momentOf(schedule, now).nextOpening : undefined;
  const row: PolicyRow = {
    v: 1,
    ...scope,
    policy,
    updatedBy: call.caller,
    updatedAt: now,
    ...(exhaustedUntil !== undefined && { exhaustedUntil }),
    ...(dueAt !== undefined && { dueAt }),
  };
  const { answer: given } = await idempotent.commit(
    { answer, operationId: ctx.ids.next() },
    [subjectExists(ctx, scope), ctx.store.policies.put(row)],
    () => missing(ctx, scope),
  );
  return given;
}

/** Dropping a policy that is not there is success. */
async function drop(
  operation: Drops,
  scope: PolicyScope,
  input: Input<Drops>,
  ctx: WriteContext,
): Promise<Record<string, never>> {
  const idempotent = new IdempotentCall<Record<string, never>>(ctx, operation, { ...input });
  const { answer } = await idempotent.commit(
    { answer: {}, operationId: ctx.ids.next() },
    [subjectExists(ctx, scope), ctx.store.policies.drop(scope)],
    () => missing(ctx, scope),
  );
  return answer;
}

export const PutHostingPolicy: Operation<'PutHostingPolicy'> = (input, ctx, call) =>
  replace('PutHostingPolicy', { project: input.ProjectName }, input, ctx, call);

export const PutModelHostingPolicy: Operation<'PutModelHostingPolicy'> = (input, ctx, call) =>
  replace(
    'PutModelHostingPolicy',
    { project: input.ProjectName, version: input.ModelVersion },
    input,
    ctx,
    call,
  );

export const DeleteHostingPolicy: Operation<'DeleteHostingPolicy'> = (input, ctx) =>
  drop('DeleteHostingPolicy', { project: input.ProjectName }, input, ctx);

export const DeleteModelHostingPolicy: Operation<'DeleteModelHostingPolicy'> = (input, ctx) =>
  drop('DeleteModelHostingPolicy', { project: input.ProjectName, version: input.ModelVersion }, input, ctx);

export const GetHostingPolicy: Operation<'GetHostingPolicy'> = async (input, ctx) => {
  const scope = { project: input.ProjectName };
  await requireProject(ctx, input.ProjectName);
  const row = await ctx.store.policies.get(scope);
  return told(row, { project: row, model: undefined }, ctx);
};

export const GetModelHostingPolicy: Operation<'GetModelHostingPolicy'> = async (input, ctx) => {
  const key = { project: input.ProjectName, version: input.ModelVersion };
  await requireModel(ctx, key);
  const read = await ctx.store.policies.ofModel(key);
  return told(read.model, read, ctx);
};

/** What the scope has itself, what holds there, and where each member of that comes from. */
function told(
  own: PolicyRow | undefined,
  read: Parameters<typeof policyOf>[0],
  ctx: ReadContext,
): Value<'GetHostingPolicyResponse'> {
  const { policy, from } = policyOf(read, ctx.settings);
  return {
    ...(own !== undefined && { HostingPolicy: own.policy }),
    PolicyInForce: policy,
    Sources: from,
    ...exhausted(own, ctx),
  };
}

const exhausted = (row: PolicyRow | undefined, { clock }: ReadContext) =>
  row?.exhaustedUntil !== undefined && row.exhaustedUntil > clock.now()
    ? { BudgetExhaustedUntil: row.exhaustedUntil }
    : {};

export const ListHostingPolicies: Operation<'ListHostingPolicies'> = async (input, ctx, call) => {
  const { items, next } = await page(
    input,
    ['ListHostingPolicies'],
    places,
    (after) => policies(ctx, call, after),
    ({ project, version = '' }) => `${project}/${version}`,
  );
  return {
    HostingPolicies: items.map((row) => ({
      ProjectName: row.project,
      ...(row.version !== undefined && { ModelVersion: row.version }),
      HostingPolicy: row.policy,
      UpdatedBy: row.updatedBy,
      UpdatedTimestamp: row.updatedAt,
      ...exhausted(row, ctx),
    })),
    ...next,
  };
};

async function* policies({ store }: ReadContext, { reach }: Call, after?: string): AsyncGenerator<PolicyRow> {
  const [from, version = ''] = after?.split('/') ?? [];
  for await (const { name } of reachedFrom(store, reach, from)) {
    for await (const row of store.policies.ofProject(name))
      if (name !== from || Number(row.version ?? 0) > Number(version)) yield row;
  }
}
