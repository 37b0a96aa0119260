import { artifactFiles, describeProblem, parseManifest } from '../vision/inference/artifact.ts';
import { graphProblems } from '../vision/onnx/graph-check.ts';

export interface ArtifactBytes {
  readonly graph: Uint8Array;
  readonly manifest: Uint8Array;
}

/**
 * What can be told of an artifact without a runtime: whether model.json keeps its format, and whether the graph
 * is one that a runtime may be given.
 * @returns what is wrong, as clauses of one sentence
 */
export function fileProblems({ graph, manifest }: ArtifactBytes): string[] {
  const parsed = parseManifest(manifest);
  return [
    ...(parsed.ok
      ? []
      : parsed.problems.map((problem) => `${artifactFiles.manifest}: ${describeProblem(problem)}`)),
    ...graphProblems(graph).map((problem) => `${artifactFiles.graph} ${problem}`),
  ];
}

export const notTried = (reason: string): string => `${artifactFiles.graph} could not be tried: ${reason}`;
