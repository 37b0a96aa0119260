import type { ArtifactFormat, Model } from '../domain/model.ts';
import type { ObjectStore } from '../domain/ports.ts';
import { artifactFiles } from '../vision/inference/artifact.ts';
import {
  EngineFailed,
  NotHosted,
  type DeploymentRef,
  type HostingEngine,
  type ModelImporter,
} from './engine.ts';
import type { Trainer } from './trainer.ts';

type ByFormat<T> = Readonly<Partial<Record<ArtifactFormat, T>>>;

/** Rows of 0.1 do not say what they host: in AWS that was always SageMaker's. */
const formatOf = ({ format = 'sagemaker' }: Pick<DeploymentRef, 'format'>): ArtifactFormat => format;

const noEngine = 'This stage has no engine for what the model is made of.';

/**
 * One engine of several: the artifact's format says which has a deployment. A deployment without a format was
 * never provisioned, unless it is of 0.1; a stage without SageMaker had nothing to host then, so nothing is
 * there. One that SageMaker has is never believed to be gone where nobody can ask SageMaker: it is paid for.
 */
export function routeEngine(engines: ByFormat<HostingEngine>): HostingEngine {
  const of = (deployment: DeploymentRef): HostingEngine => {
    const engine = engines[formatOf(deployment)];
    if (engine !== undefined) return engine;
    throw new Error(`${noEngine} Configure again what the stage had of SageMaker, and stop the model.`);
  };
  const isNowhere = (deployment: DeploymentRef): boolean =>
    deployment.format === undefined && engines.sagemaker === undefined;
  return {
    async create(spec) {
      if (engines[formatOf(spec)] === undefined) throw new EngineFailed(noEngine);
      await of(spec).create(spec);
    },
    observe: async (deployment) =>
      isNowhere(deployment) ? { state: 'gone', sealed: true } : of(deployment).observe(deployment),
    scale: async (deployment, units) => of(deployment).scale(deployment, units),
    async remove(deployment) {
      if (!isNowhere(deployment)) await of(deployment).remove(deployment);
    },
    detect: routeDetector(engines).detect,
  };
}

/**
 * The same for what may judge and nothing else, as the function behind DetectAnomalies.
 * @throws NotHosted
 */
export const routeDetector = (
  engines: ByFormat<Pick<HostingEngine, 'detect'>>,
): Pick<HostingEngine, 'detect'> => ({
  async detect(deployment, picture, type) {
    const engine = engines[formatOf(deployment)];
    if (engine === undefined) throw new NotHosted(noEngine);
    return engine.detect(deployment, picture, type);
  },
});

/** One that has trouble must not keep the other from removing what is paid for. @throws the first trouble */
async function each(...work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work))
    if (outcome.status === 'rejected') throw outcome.reason;
}

/**
 * An import is SageMaker's if it is a package, an image, or a training job's output; a place in S3 with a
 * model in the project's own format is not.
 */
export function routeImporter(
  { onnx, sagemaker }: { readonly onnx: ModelImporter; readonly sagemaker?: ModelImporter },
  objects: Pick<ObjectStore, 'stream'>,
): ModelImporter {
  return {
    async admit(model) {
      if (sagemaker === undefined || (await isOnnx(model, objects))) return onnx.admit(model);
      return sagemaker.admit(model);
    },
    async discard(model) {
      const format = model.artifact === undefined ? undefined : formatOf(model.artifact);
      await each(
        ...(format !== 'sagemaker' || sagemaker === undefined ? [onnx.discard(model)] : []),
        ...(format !== 'onnx' && sagemaker !== undefined ? [sagemaker.discard(model)] : []),
      );
    },
  };
}

async function isOnnx({ source: { S3 } }: Model, objects: Pick<ObjectStore, 'stream'>): Promise<boolean> {
  if (S3 === undefined || S3.Prefix?.endsWith('.tar.gz') === true) return false;
  const { Bucket: bucket, Prefix: prefix = '' } = S3;
  const folders = prefix === '' || prefix.endsWith('/') ? [prefix] : [prefix, `${prefix}/`];
  for (const folder of folders) {
    for (const file of Object.values(artifactFiles)) {
      const found = await objects.stream({ bucket, key: `${folder}${file}` }).catch(() => undefined);
      if (found === undefined) continue;
      for await (const _ of found.bytes) break; // closes the connection
      return true;
    }
  }
  return false;
}

/**
 * The stage's trainer, and the one that it had before: what that has begun it brings to its end.
 */
export const routeTrainer = (chosen: Trainer, other: Trainer): Trainer => ({
  artifacts: chosen.artifacts,
  async start(spec) {
    const seen = await chosen.observe(spec);
    if (seen.state === 'missing' && (await other.observe(spec)).state !== 'missing') return other.start(spec);
    return chosen.start(spec);
  },
  async observe(training) {
    const seen = await chosen.observe(training);
    return seen.state === 'missing' ? other.observe(training) : seen;
  },
  async stop(training) {
    await each(chosen.stop(training), other.stop(training));
  },
});
