import type { TakeoverParts } from './takeover.ts';

/**
 * The same parts, made when the first of them is asked for something, which is hardly ever: nothing of them
 * is loaded before.
 * @param artifacts where the trainer keeps what it makes
 */
export function later(
  make: () => Promise<TakeoverParts>,
  artifacts: TakeoverParts['trainer']['artifacts'],
): TakeoverParts {
  let made: Promise<TakeoverParts> | undefined;
  const parts = (): Promise<TakeoverParts> => (made ??= make());
  return {
    importer: {
      admit: async (model) => (await parts()).importer.admit(model),
      discard: async (model) => (await parts()).importer.discard(model),
    },
    trainer: {
      artifacts,
      start: async (spec) => (await parts()).trainer.start(spec),
      observe: async (training) => (await parts()).trainer.observe(training),
      stop: async (training) => (await parts()).trainer.stop(training),
    },
    objects: {
      read: async (location) => (await parts()).objects.read(location),
      stream: async (location, from) => (await parts()).objects.stream(location, from),
      write: async (location, bytes) => (await parts()).objects.write(location, bytes),
      list: async function* (bucket, prefix) {
        yield* (await parts()).objects.list(bucket, prefix);
      },
      removeAll: async (bucket, prefix) => (await parts()).objects.removeAll(bucket, prefix),
    },
  };
}
