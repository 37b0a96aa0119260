import { artifactFiles } from '../vision/inference/artifact.ts';

export interface ArtifactBytes {
  readonly graph: Uint8Array;
  readonly manifest: Uint8Array;
}

export const notTried = (reason: string): string => `${artifactFiles.graph} could not be tried: ${reason}`;
