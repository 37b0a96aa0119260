import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphProblems } from '../onnx/graph-check.ts';
import { ArtifactUnfit, artifactFiles, describeProblem, parseManifest } from './artifact.ts';

/** The longest model.json that is read, in bytes; real ones have a kilobyte. */
export const manifestLimit = 1024 * 1024;

/**
 * What can be told of an artifact without a runtime: whether model.json keeps its format, and whether the
 * graph is one that a runtime may be given. It takes memory and time as the files have it: do it in a process
 * with limits.
 * @returns everything that is wrong, as clauses of one sentence
 */
function fileProblems(files: { readonly graph: Uint8Array; readonly manifest: Uint8Array }): string[] {
  const manifest = parseManifest(files.manifest);
  return [
    ...(manifest.ok
      ? []
      : manifest.problems.map((problem) => `${artifactFiles.manifest}: ${describeProblem(problem)}`)),
    ...graphProblems(files.graph).map((problem) => `${artifactFiles.graph} ${problem}`),
  ];
}

/** @throws ArtifactUnfit with everything that is wrong with the files in `folder` */
export async function checkArtifact(folder: string): Promise<void> {
  const problems = fileProblems({
    manifest: await readFile(join(folder, artifactFiles.manifest)),
    graph: await readFile(join(folder, artifactFiles.graph)),
  });
  if (problems.length > 0) throw new ArtifactUnfit(problems);
}
