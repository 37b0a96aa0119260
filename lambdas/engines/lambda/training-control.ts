import type { ObjectLocation, ObjectStore } from '../../domain/ports.ts';
import { versionNameOf, type VersionKey } from '../names.ts';
import type { StageDone } from '../training/progress.ts';
import type { TrainingSpec } from '../trainer.ts';

/*
 * How the tasks that order a training and the function that carries it out know of each other: by objects.
 * Nobody remembers anything, so either side may be cut off, repeated, or done by somebody else.
 */

/** What is wanted. The function looks at it every few seconds: another order, or none, ends it. */
export interface Order {
  /** Counts the orders of one training, from 1 on. */
  readonly n: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** When its event was last sent; 0 if it may not have got through. Absent: with the order. */
  readonly sentAt?: number;
  readonly stopped?: true;
}

/** What the function says of itself. */
export interface Heartbeat extends StageDone {
  readonly n: number;
  readonly at: number;
  readonly over?: true;
}

/** What the function is given. */
export interface TrainerEvent {
  readonly spec: TrainingSpec;
  readonly n: number;
}

export interface Place {
  readonly stage: string;
  /** `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
}

/** By version, not by operation: who deletes a version does not know which operation trained it. */
export const controlPrefix = ({ stage, artifacts: { prefix } }: Place, model: VersionKey): string =>
  `${prefix}trainings/${versionNameOf({ stage }, model)}/`;

const at = (place: Place, model: VersionKey, name: string): ObjectLocation => ({
  bucket: place.artifacts.bucket,
  key: `${controlPrefix(place, model)}${name}`,
});

export const orderAt = (place: Place, model: VersionKey): ObjectLocation => at(place, model, 'order.json');
export const heartbeatAt = (place: Place, model: VersionKey): ObjectLocation =>
  at(place, model, 'heartbeat.json');
/** Why the training will come to nothing. */
export const failureAt = (place: Place, model: VersionKey): ObjectLocation =>
  at(place, model, 'failure.json');
/** Of one order: who wrote it first carries the order out. */
export const claimAt = (place: Place, model: VersionKey, n: number): ObjectLocation =>
  at(place, model, `claim-${n}`);

export async function readJson<T>(
  objects: Pick<ObjectStore, 'read'>,
  location: ObjectLocation,
): Promise<T | undefined> {
  const bytes = await objects.read(location);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as T);
}

export const writeJson = (
  objects: Pick<ObjectStore, 'write'>,
  location: ObjectLocation,
  value: object,
): Promise<void> => objects.write(location, Buffer.from(JSON.stringify(value)));

/** Between two heartbeats, in milliseconds. */
export const heartbeatEvery = 3000;
/** A function that was not heard of for so long is dead. */
const silence = 60_000;
/** A function that has not begun after so long may never have been told: it is told again. */
const delivery = 20_000;
/** Lambda keeps an event for at most two minutes (the trainer's setting), and then there is a start. */
const expiry = 180_000;

/** Whether somebody works on the order, or is about to. */
export function isAlive(order: Order, heartbeat: Heartbeat | undefined, now: number): boolean {
  if (heartbeat?.n !== order.n) return now - (order.sentAt ?? order.at) < delivery;
  return heartbeat.over === undefined && now - heartbeat.at < silence;
}

/**
 * The order that follows one which nobody works on. Where nobody has begun with it, it is the same one: of
 * all functions that are told of an order one claims it, so that telling again harms nothing, whether the
 * first event was lost or only its answer.
 */
export function nextOrder(order: Order | undefined, heartbeat: Heartbeat | undefined, now: number): Order {
  if (order === undefined) return { n: 1, at: now };
  const unheard = heartbeat?.n !== order.n && now - order.at < expiry;
  return unheard ? { n: order.n, at: order.at, sentAt: now } : { n: order.n + 1, at: now };
}

/** Whether a function has begun with the order, and may still write. */
export const isAtWork = (order: Order, heartbeat: Heartbeat | undefined, now: number): boolean =>
  heartbeat?.n === order.n && isAlive(order, heartbeat, now);
