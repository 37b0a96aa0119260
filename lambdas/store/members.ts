import type { ArtifactFormat, Units } from '../domain/model.ts';
import type { Operation } from '../domain/operation.ts';
import { optional, structure, text, time, whole } from './row-reader.ts';

/** Members that several aggregates have, as they are read. */

export const operationMembers = {
  id: text,
  attempt: whole,
  actor: text,
  at: time,
  deadline: time,
} as const;

export const operation = structure<Operation>(operationMembers);

export const units = structure<Units>({ min: whole, max: optional(whole) });

export const artifactFormats: readonly ArtifactFormat[] = ['onnx', 'sagemaker'];

/** For how long the record of a run is kept after its end, in seconds. */
export const recordLifetime = 400 * 24 * 3600;
