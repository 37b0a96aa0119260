import { locationUrl } from '../domain/locations.ts';
import { nameOf, type ObjectStore } from '../domain/ports.ts';
import { artifactFiles } from '../vision/inference/artifact.ts';
import { manifestLimit } from '../vision/inference/check-artifact.ts';
import { graphLimits } from '../vision/onnx/graph-check.ts';
import { EngineFailed } from './engine.ts';

export type ArtifactName = keyof typeof artifactFiles;

/** In bytes. */
export const artifactLimits: Readonly<Record<ArtifactName, number>> = {
  graph: graphLimits.bytes,
  manifest: manifestLimit,
};

/** A file has more bytes than an artifact's may have. The message is the end of a sentence. */
export class ArtifactTooLarge extends Error {
  override readonly name = 'ArtifactTooLarge';
  constructor(name: ArtifactName) {
    super(`${artifactFiles[name]} has more than ${artifactLimits[name]} bytes, which is the most`);
  }
}

/** The manifest, which is read, and the graph, which whoever gets it must read or end. */
export interface FoundArtifact {
  readonly manifest: Uint8Array;
  readonly graph: AsyncIterable<Uint8Array>;
}

/** The files that are not there, as messages name them. */
export interface MissingFiles {
  readonly missing: readonly string[];
}

/**
 * The files of the artifact at a prefix, which is empty or ends with a slash.
 * @throws ArtifactTooLarge for the manifest, and what the store throws
 */
export async function openArtifact(
  objects: Pick<ObjectStore, 'stream' | 'placeOf'>,
  bucket: string,
  prefix: string,
): Promise<FoundArtifact | MissingFiles> {
  const open = (name: ArtifactName) => objects.stream({ bucket, key: `${prefix}${artifactFiles[name]}` });
  const stream = await open('manifest');
  const manifest = stream === undefined ? undefined : await readWhole(stream.bytes, 'manifest');
  const graph = await open('graph');
  if (graph !== undefined && manifest !== undefined) return { graph: graph.bytes, manifest };
  if (graph !== undefined) for await (const _ of graph.bytes) break; // ends what was begun
  const missing = [
    ...(graph === undefined ? [artifactFiles.graph] : []),
    ...(manifest === undefined ? [artifactFiles.manifest] : []),
  ];
  return { missing: missing.map((file) => nameOf(objects, { bucket, key: `${prefix}${file}` })) };
}

/** Files of a hosted model's artifact are not there: `prefix` is where it should be. */
export const incompleteArtifact = (bucket: string, prefix: string): EngineFailed =>
  new EngineFailed(
    `The model's artifact at ${locationUrl({ bucket, key: prefix })} is incomplete. ` +
      'Import the model again as a new version.',
  );

/** @throws ArtifactTooLarge before more than the limit is held in memory */
export async function readWhole(pieces: AsyncIterable<Uint8Array>, name: ArtifactName): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > artifactLimits[name]) throw new ArtifactTooLarge(name);
    held.push(piece);
  }
  return Buffer.concat(held, size);
}
