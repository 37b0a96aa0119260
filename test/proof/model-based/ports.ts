import type { ObjectStore } from '../../../lambdas/domain/ports.ts';
import type { Actor, Gate } from './gate.ts';
import type { KeepingEngine } from './keeping-engine.ts';
import type { KeepingTrainer } from './keeping-trainer.ts';
import type { Ports } from './outside.ts';

interface Outer {
  readonly engine: KeepingEngine;
  readonly trainer: KeepingTrainer;
  readonly objects: ObjectStore;
}

type Ask = <T>(label: string, id: string, writes: boolean, work: () => Promise<T>) => Promise<T>;

const asking =
  (gate: Gate, actor: Actor): Ask =>
  (label, id, writes, work) =>
    gate.io(actor, `${label} ${id.slice(-6)}`, writes, work);

/** @param writing told of every object that is written */
export function gatedPorts(
  gate: Gate,
  actor: Actor,
  { engine, trainer, objects }: Outer,
  writing: (path: string) => void,
): Ports {
  const ask = asking(gate, actor);
  return {
    engine: {
      create: (spec) => ask('create', spec.id, true, () => engine.create(spec)),
      observe: (ref) => ask('observe', ref.id, false, () => engine.observe(ref)),
      scale: (ref, units) => ask('scale', ref.id, true, () => engine.scale(ref, units)),
      remove: (ref) => ask('remove', ref.id, true, () => engine.remove(ref)),
      detect: (ref, picture, type) => ask('detect', ref.id, false, () => engine.detect(ref, picture, type)),
    },
    importer: {
      admit: (model) => ask('admit', model.version, true, () => engine.admit(model)),
      discard: (model) => ask('discard', model.version, true, () => engine.discard(model)),
    },
    trainer: {
      artifacts: trainer.artifacts,
      start: (spec) => ask('train', spec.id, true, () => trainer.start(spec)),
      observe: (ref) => ask('watch', ref.id, false, () => trainer.observe(ref as never)),
      stop: (ref) => ask('end', ref.id, true, () => trainer.stop(ref)),
    },
    objects: gatedObjects(gate, actor, objects, writing),
  };
}

/** @param writing told of every object that is written */
export function gatedObjects(
  gate: Gate,
  actor: Actor,
  objects: ObjectStore,
  writing: (path: string) => void,
): ObjectStore {
  const ask = asking(gate, actor);
  return {
    read: (location) => ask('object read', location.key, false, () => objects.read(location)),
    stream: (location, from) =>
      ask('object stream', location.key, false, async () => {
        const found = await objects.stream(location, from);
        return (
          found && {
            ...found,
            bytes: slowly(found.bytes, () =>
              ask('object bytes', location.key, false, () => Promise.resolve()),
            ),
          }
        );
      }),
    write: (location, bytes) =>
      ask('object write', location.key, true, () => {
        writing(`${location.bucket}/${location.key}`);
        return objects.write(location, bytes);
      }),
    list: (bucket, prefix) =>
      slowly(objects.list(bucket, prefix), () =>
        ask('object listing', prefix, false, () => Promise.resolve()),
      ),
    removeAll: (bucket, prefix) =>
      ask('object removal', prefix, true, () => objects.removeAll(bucket, prefix)),
  };
}

/** Time may pass between opening an object and its bytes. */
async function* slowly<T>(items: AsyncIterable<T>, wait: () => Promise<void>): AsyncGenerator<T> {
  await wait();
  yield* items;
}
