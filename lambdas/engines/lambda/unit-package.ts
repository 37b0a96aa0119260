import type { Artifact } from '../../domain/model.ts';
import type { ObjectStore } from '../../domain/ports.ts';
import { zip } from '../../domain/zip.ts';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import { EngineFailed } from '../engine.ts';
import { incompleteArtifact } from '../read-artifact.ts';

/** Where a unit finds its artifact, beside its code. */
export const artifactFolder = 'artifact';

/**
 * What Lambda loads: an ES module, because Lambda awaits one while it initialises an environment, and does
 * not await what a CommonJS bundle promises. The bundle finds the layer's libraries, which an ES module would
 * not.
 */
const loader = `import { createRequire } from 'node:module';
const unit = createRequire(import.meta.url)('./unit.cjs');
await unit.ready;
export const handler = unit.handler;
`;

/** What a function's code may have when it is sent with the call that makes it, in bytes. (Lambda quotas) */
const largestPackage = 50 * 1024 * 1024;

/** What of it is left for a model, beside the unit's own code: what ImportModel takes at most. */
export const largestModel = 48 * 1024 * 1024;

export interface PackageParts {
  readonly objects: Pick<ObjectStore, 'read'>;
  /** @returns the unit's code, a CommonJS bundle */
  readonly code: () => Promise<Uint8Array>;
}

/**
 * What is in the package of a unit's function: its code and its artifact. The artifact travels in the
 * package, so that a unit needs no right to any object, and loads it from its own disk.
 * @throws EngineFailed if the artifact is incomplete
 */
export async function unitFiles(
  { objects, code }: PackageParts,
  { bucket, prefix }: Artifact,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
  const [graph, manifest] = await Promise.all(
    [artifactFiles.graph, artifactFiles.manifest].map((file) =>
      objects.read({ bucket, key: `${prefix}${file}` }),
    ),
  );
  if (graph === undefined || manifest === undefined) {
    throw incompleteArtifact(bucket, prefix);
  }
  return [
    { name: 'index.mjs', bytes: Buffer.from(loader) },
    { name: 'unit.cjs', bytes: await code() },
    { name: `${artifactFolder}/${artifactFiles.graph}`, bytes: graph },
    { name: `${artifactFolder}/${artifactFiles.manifest}`, bytes: manifest },
  ];
}

/** @throws EngineFailed if the artifact is incomplete or too large */
export async function packUnit(parts: PackageParts, artifact: Artifact): Promise<Uint8Array> {
  const files = await unitFiles(parts, artifact);
  const bytes = zip(files, 0);
  if (bytes.length > largestPackage) {
    const size = files.reduce((sum, file) => sum + file.bytes.length, 0);
    throw new EngineFailed(
      `The model has ${size} bytes with the code that runs it; a Lambda function takes models of up to ` +
        `${largestModel} bytes. Host it on a stage with SageMaker.`,
    );
  }
  return bytes;
}
