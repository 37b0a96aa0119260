import type { Environment } from '../contract/environments.ts';
import type { ObjectStore } from '../domain/ports.ts';
import type { ModelImporter } from '../hosting/engine.ts';
import type { Trainer } from '../training/trainer.ts';
import type { SweepContext } from '../workflows/context.ts';
import type { Base } from './aws.ts';

type Environments = Environment<'importing'> & Environment<'training'>;

/**
 * What the sweep settles things with that no execution has brought to their end in time. That is hardly ever, and the S3 client makes a third
 * of what would have to be loaded every time: so each is loaded when it is first asked for something.
 */
export function settlingParts(env: Environments, common: Pick<Base, 'clock'>): Pick<SweepContext, 'importer' | 'trainer' | 'objects'> {
  const importer = once(async (): Promise<ModelImporter> => (await import('./aws-importer.ts')).sageMakerImporter(env));
  const trainer = once(async (): Promise<Trainer> => (await import('./aws-trainer.ts')).sageMakerTrainer(env, common));
  const objects = once(async (): Promise<ObjectStore> => (await import('./s3-objects.ts')).s3Objects());
  return {
    importer: { admit: async (model) => (await importer()).admit(model), discard: async (model) => (await importer()).discard(model) },
    trainer: {
      artifacts: { bucket: env.ARTIFACT_BUCKET, prefix: '' },
      start: async (spec) => (await trainer()).start(spec),
      observe: async (training) => (await trainer()).observe(training),
      stop: async (training) => (await trainer()).stop(training),
    },
    objects: {
      read: async (location) => (await objects()).read(location),
      stream: async (location, from) => (await objects()).stream(location, from),
      write: async (location, bytes) => (await objects()).write(location, bytes),
      removeAll: async (bucket, prefix) => (await objects()).removeAll(bucket, prefix),
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
