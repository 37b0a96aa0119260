import { componentOf, type Component } from '../../domain/component.ts';
import type { Artifact } from '../../domain/model.ts';
import { busyJobs, jobMessage, packagable, type PackagingJob } from '../../domain/packaging.ts';
import { LocationRefused, type ObjectLocation, type PackagingInput } from '../../domain/ports.ts';
import type { ZipFile } from '../../domain/zip.ts';
import { leased } from '../../domain/operation.ts';
import { ConditionFailed } from '../../store/table.ts';
import { commit, inCharge, type Progress, type TaskContext, type TaskData } from '../context.ts';
import { endJob, jobFence } from './progress.ts';
import { locationUrl } from '../../domain/locations.ts';

/**
 * Of these files an artifact is made: the first two by our own trainer, and by whoever keeps to its format;
 * the others are model data of SageMaker, copied by an import, or where a training job has left them.
 */
const artifactFiles = ['model.onnx', 'model.json', 'model.tar.gz', 'output/model.tar.gz'];

/** The job will never succeed. The message is for its user. */
class Unpackable extends Error {}

/**
 * Writes the bundle, the recipe last: where there is a recipe, there is all of it. Of several jobs that write
 * the same component at once one does, and the others fail.
 */
export async function packageModel(input: TaskData<PackagingInput>, ctx: TaskContext): Promise<Progress> {
  const job = await claimedJob(ctx, input);
  try {
    const { archive, recipe } = componentOf(job, await artifactOf(ctx, job), ctx.settings);
    await claimComponent(ctx, input, job, recipe.location);
    if (await holdsAnother(ctx, { archive, recipe })) {
      throw new Unpackable(
        `Version ${job.componentVersion} of component ${job.greengrass.ComponentName} exists already at ` +
          `${locationUrl(recipe.location)}, ` +
          'and is another one. Choose another version, name or place.',
      );
    }
    await ctx.objects.write(archive.location, archive.bytes);
    await ctx.objects.write(recipe.location, recipe.bytes);
  } catch (error) {
    if (!(error instanceof Unpackable || error instanceof LocationRefused)) throw error;
    await endJob(ctx, input, error.message);
    return { state: 'failed', wait: 0, round: 0 };
  }
  await endJob(ctx, input);
  return { state: 'packaged', wait: 0, round: 0 };
}

/**
 * Whether a component of this name and version has been written before, and is not what this job writes. The
 * recipe is written last, so an archive without one is of a job that did not get so far. What only the
 * archive tells, as compiler options do, counts as much as the recipe.
 */
async function holdsAnother(
  { objects }: Pick<TaskContext, 'objects'>,
  { archive, recipe }: Component,
): Promise<boolean> {
  if ((await objects.read(recipe.location)) === undefined) return false;
  for (const { location, bytes } of [recipe, archive]) {
    const there = await objects.read(location);
    if (there !== undefined && !Buffer.from(bytes).equals(there)) return true;
  }
  return false;
}

/**
 * From here on the component is this job's to write, as long as the job is under way.
 * @throws Unpackable if another job is writing it
 */
async function claimComponent(
  { store, clock }: TaskContext,
  input: PackagingInput,
  { project, name, greengrass, componentVersion }: PackagingJob,
  recipe: ObjectLocation,
): Promise<void> {
  const before = await store.components.ownerOf(recipe);
  const taken = (owner: string): Unpackable =>
    new Unpackable(
      `Version ${componentVersion} of component ${greengrass.ComponentName} is being written to ` +
        `${locationUrl(recipe)} by ${owner}. Wait until that has ended, or choose another version, name or ` +
        'place.',
    );
  if (before !== undefined && before.operationId !== input.operationId) {
    const other = await store.jobs.get(before);
    if (other?.operation.id === before.operationId && busyJobs.includes(other.status))
      throw taken(`packaging job ${before.name} of project ${before.project}`);
  }
  const { operationId } = input;
  try {
    await commit(
      { store },
      store.jobs.guard(jobFence(input), busyJobs),
      store.components.claim(recipe, { project, name, operationId }, before, clock.now()),
    );
  } catch (error) {
    if (error instanceof ConditionFailed) throw taken('another packaging job');
    throw error;
  }
}

/** @throws Superseded */
async function claimedJob(ctx: TaskContext, input: PackagingInput): Promise<PackagingJob> {
  const job = inCharge(await ctx.store.jobs.get(jobFence(input)), input, busyJobs);
  const now = ctx.clock.now();
  await commit(
    ctx,
    ctx.store.jobs.move(jobFence(input), busyJobs, {
      set: {
        ...leased(ctx, job, now, ctx.settings.times.provision),
        status: 'RUNNING',
        statusMessage: jobMessage.running,
        updatedAt: now,
      },
    }),
  );
  return job;
}

/**
 * Where the artifact is of the model that the job was asked for: one of a project that was made anew since
 * has the same name.
 * @throws Unpackable
 */
async function artifactPlace({ store }: TaskContext, job: PackagingJob): Promise<Artifact> {
  const found = await store.models.get(job);
  const model = found !== undefined && found.createdAt <= job.createdAt ? found : undefined;
  if (model?.artifact !== undefined && packagable.includes(model.status)) return model.artifact;
  const gone = model === undefined || model.status === 'DELETING';
  throw new Unpackable(
    `Model version ${job.version} has no artifact that could be packaged${gone ? ': it was deleted' : ''}.`,
  );
}

async function artifactOf(ctx: TaskContext, job: PackagingJob): Promise<ZipFile[]> {
  const { objects } = ctx;
  const { bucket, prefix } = await artifactPlace(ctx, job);
  const files: ZipFile[] = [];
  for (const name of artifactFiles) {
    const bytes = await objects.read({ bucket, key: `${prefix}${name}` });
    if (bytes !== undefined) files.push({ name: name.replace('output/', ''), bytes });
  }
  // A deletion that began meanwhile may have taken some of the files away before they were read.
  await artifactPlace(ctx, job);
  if (files.every(({ name }) => name === 'model.json')) {
    throw new Unpackable(
      `Model version ${job.version} cannot be packaged: its weights are in a model package or an image, ` +
        'which this deployment holds no copy of.',
    );
  }
  return files;
}
