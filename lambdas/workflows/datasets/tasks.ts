import { counted, noImages, type Dataset } from '../../domain/dataset.ts';
import { atLine, BadLineAt, readLines } from '../../domain/lines.ts';
import { parseEntry, type Entry } from '../../domain/manifest.ts';
import { LocationRefused, nameOf } from '../../domain/ports.ts';
import type { Mention } from '../../store/entries.ts';
import type { TaskContext } from '../context.ts';
import { UnusableFolders, writeManifest } from './folders.ts';
import {
  claimedDataset,
  complete,
  fail,
  stagedBy,
  type DatasetProgress,
  type DatasetTaskInput,
} from './progress.ts';
import { locationUrl } from '../../domain/locations.ts';

/**
 * A step ends after so many lines, or so long (milliseconds), and says where the next one goes on: a Lambda
 * function may run for minutes, and a history may have 25,000 events, but a manifest may be of any length.
 */
const linesPerStep = 1000;
const longestStep = 20_000;

/** So many lines are written together; as many are held in memory. */
const window = 100;

const start: DatasetProgress = {
  state: 'begun',
  wait: 0,
  round: 0,
  offset: 0,
  lines: 0,
  entries: 0,
  folders: 0,
  carried: 0,
  stats: noImages,
};

/** What was given cannot be taken in. The message is for its author. */
class Unreadable extends Error {}

/** Counts what a step has done, and says when it is enough. */
function budget({ clock }: TaskContext): { spend(): void; readonly spent: boolean } {
  const until = clock.now() + longestStep;
  let lines = 0;
  return {
    spend: () => {
      lines += 1;
    },
    get spent() {
      return lines >= linesPerStep || clock.now() > until;
    },
  };
}

type Positioned = Entry & { readonly position: number };

/** Reads lines of the manifest, or of the changes, checks them and writes them where nobody reads yet. */
export async function stage(input: DatasetTaskInput, ctx: TaskContext): Promise<DatasetProgress> {
  const dataset = await claimedDataset(ctx, input);
  const from = input.progress ?? start;
  try {
    return await stageSome(input, ctx, dataset, from);
  } catch (error) {
    const reasons = [BadLineAt, Unreadable, UnusableFolders, LocationRefused];
    if (!(error instanceof Error) || !reasons.some((reason) => error instanceof reason)) throw error;
    await fail(ctx, input, error.message);
    return { ...from, state: 'concluded' };
  }
}

async function stageSome(
  input: DatasetTaskInput,
  ctx: TaskContext,
  dataset: Dataset,
  from: DatasetProgress,
): Promise<DatasetProgress> {
  const {
    settings: { buckets, limits },
  } = ctx;
  // The lines may name what the caller may use: the stage's buckets, and of these the key's.
  const { buckets: own } = dataset.operation;
  const limit = limits.images[dataset.type];
  const { tag, bytes } = await given(input, ctx, dataset, from);
  let progress: DatasetProgress = { ...from, ...(tag !== undefined && { tag }) };
  let held: Positioned[] = [];
  const flush = async (): Promise<void> => {
    await ctx.store.entries.gather(stagedBy(input), held);
    held = [];
  };
  const step = budget(ctx);
  for await (const { text, number, end } of readLines(bytes, from)) {
    if (step.spent) {
      // asked only when there is another line: S3 refuses to read from an object's end on
      await flush();
      return { ...progress, state: 'more' };
    }
    // or a file of nothing but line ends would take more steps than a history has room for
    if (text !== '') step.spend();
    const entry = text === '' ? undefined : atLine(number, () => parseEntry(text, buckets, own));
    const { entries, folders } = progress;
    progress = { ...progress, offset: end, lines: number };
    if (entry !== undefined) {
      if (entries === limit)
        throw new BadLineAt(number, `a ${dataset.type} dataset can have at most ${limit} images`);
      progress = { ...progress, entries: entries + 1 };
      held.push({ ...entry, position: dataset.positions + number });
    } else if (text !== '') progress = { ...progress, folders: folders + 1 };
    if (held.length === window) await flush();
  }
  const { bytes: size = progress.offset } = dataset.operation;
  if (progress.offset !== size) throw new Unreadable('The changes are no longer there. Send them again.');
  await flush();
  return { ...progress, state: 'staged' };
}

/** @throws Unreadable, UnusableFolders, LocationRefused */
async function given(
  input: DatasetTaskInput,
  ctx: TaskContext,
  dataset: Dataset,
  from: DatasetProgress,
): Promise<{ tag?: string; bytes: AsyncIterable<Uint8Array> }> {
  if (input.kind === 'updateDataset')
    return { bytes: ctx.store.changes.read(input.operationId, from.offset) };
  const { source, folders } = dataset;
  if (source === undefined) throw new Unreadable('It has no manifest.');
  if (folders !== undefined && from.tag === undefined)
    await writeManifest(ctx, { ...dataset, folders }, source);
  const found = await ctx.objects.stream(source, from.offset);
  if (found === undefined) throw new Unreadable(`The manifest ${nameOf(ctx.objects, source)} was not found.`);
  if (from.tag !== undefined && found.tag !== from.tag)
    throw new Unreadable(`The manifest ${locationUrl(source)} was changed while it was being read.`);
  return found;
}

/** Takes over the lines of the generation before. */
export async function carry(input: DatasetTaskInput, ctx: TaskContext): Promise<DatasetProgress> {
  const dataset = await claimedDataset(ctx, input);
  const from = input.progress ?? start;
  if (dataset.generation === undefined) return { ...from, state: 'carried' };
  let held: Positioned[] = [];
  let carried = from.carried;
  const flush = async (): Promise<void> => {
    await ctx.store.entries.gather(stagedBy(input), held);
    held = [];
  };
  const step = budget(ctx);
  for await (const { position, line } of ctx.store.entries.list(dataset.generation, from.carried)) {
    step.spend();
    const entry = parseEntry(line);
    if (entry !== undefined) held.push({ ...entry, position });
    carried = position;
    if (held.length === window) await flush();
    if (step.spent) {
      await flush();
      return { ...from, carried, state: 'more' };
    }
  }
  await flush();
  return { ...from, carried, state: 'carried' };
}

/**
 * Writes the last line about each picture where readers look, counts what there is, and makes it what they
 * see.
 */
export async function settle(input: DatasetTaskInput, ctx: TaskContext): Promise<DatasetProgress> {
  const dataset = await claimedDataset(ctx, input);
  const from = input.progress ?? start;
  const generation = stagedBy(input);
  let kept: Mention[] = [];
  let progress = from;
  let last: Mention | undefined;
  const flush = async (): Promise<void> => {
    await ctx.store.entries.write(generation, kept);
    kept = [];
  };
  const keep = (mention: Mention): void => {
    kept.push(mention);
    progress = { ...progress, stats: counted(progress.stats, mention.label) };
  };
  const step = budget(ctx);
  for await (const mention of ctx.store.entries.mentions(generation, from.counted)) {
    if (last !== undefined) {
      if (last.picture !== mention.picture) keep(last);
      progress = { ...progress, counted: { picture: last.picture, position: last.position } };
      step.spend();
    }
    last = mention;
    if (kept.length === window) await flush();
    if (step.spent) {
      await flush();
      return { ...progress, state: 'more' }; // `last` is not counted yet: the next step begins with it
    }
  }
  if (last !== undefined) keep(last);
  await flush();
  const limit = ctx.settings.limits.images[dataset.type];
  if (progress.stats.total > limit) {
    await fail(
      ctx,
      input,
      `It would have ${progress.stats.total} images; a ${dataset.type} dataset can have at most ${limit}.`,
    );
  } else await complete(ctx, input, dataset, progress);
  return { ...progress, state: 'concluded' };
}
