import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../../domain/ports.ts';
import { ArtifactUnfit, artifactFiles } from '../../vision/inference/artifact.ts';
import { checkArtifact } from '../../vision/inference/check-artifact.ts';
import { loadModel } from '../../vision/inference/model.ts';

/** Where the candidate is. */
export interface AdmissionEvent {
  readonly bucket: string;
  readonly prefix: string;
}

export interface AdmissionAnswer {
  /** What keeps the artifact from being hosted; none if nothing does. */
  readonly problems: readonly string[];
}

/**
 * Looks into a candidate's files, loads it, and lets it judge a blank picture. A graph may crash its runtime,
 * never end, or fill the memory: here that ends an environment that has no right but to read candidates.
 */
export async function checkCandidate(
  objects: Pick<ObjectStore, 'read'>,
  { bucket, prefix }: AdmissionEvent,
  threads: number,
): Promise<AdmissionAnswer> {
  const [graph, manifest] = await Promise.all(
    [artifactFiles.graph, artifactFiles.manifest].map((file) =>
      objects.read({ bucket, key: `${prefix}${file}` }),
    ),
  );
  if (graph === undefined || manifest === undefined) throw new Error(`There is no candidate at ${prefix}.`);
  const folder = await mkdtemp(join(tmpdir(), 'candidate-'));
  try {
    await writeFile(join(folder, artifactFiles.graph), graph);
    await writeFile(join(folder, artifactFiles.manifest), manifest);
    await checkArtifact(folder);
    await loadModel(folder, threads);
    return { problems: [] };
  } catch (error) {
    if (error instanceof ArtifactUnfit) return { problems: error.problems };
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
