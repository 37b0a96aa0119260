import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { Model } from '../../domain/model.ts';
import type { Clock, ObjectStore } from '../../domain/ports.ts';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import { notTried, type ArtifactBytes } from '../artifact-check.ts';
import { ArtifactImporter } from '../artifact-importer.ts';
import type { ModelImporter } from '../engine.ts';
import { versionNameOf } from '../names.ts';
import type { AdmissionAnswer, AdmissionEvent } from './admission-function.ts';
import type { LambdaAccount } from './options.ts';
import { endTraining } from './trainer.ts';
import type { Place } from './training-control.ts';
import { errorOf } from './unit-protocol.ts';
import { largestModel } from './unit-package.ts';

export interface LambdaImporterOptions extends Pick<LambdaAccount, 'lambda'>, Place {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  /** The function that checks: its name or ARN. It may read below `checks/` in the artifacts' bucket. */
  readonly functionName: string;
}

/** Below this prefix candidates wait to be checked; what checks them may read nothing else. */
const checksPrefix = 'checks/';

/**
 * Takes in the same artifacts as a laptop, and has them checked by the same code. Whoever reads callers'
 * buckets does not parse what it finds: it puts a bounded copy where a function without any other right looks
 * at it.
 */
export function createLambdaImporter(options: LambdaImporterOptions): ModelImporter {
  const { objects, artifacts, stage } = options;
  const importer = new ArtifactImporter({
    artifacts,
    objects,
    check: (artifact, model) => check(options, artifact, model),
  });
  return {
    admit: (model) => importer.admit(model),
    async discard(model) {
      // A version that is deleted may be one that is being trained.
      if (Object.keys(model.source).length === 0) await endTraining(options, model);
      // An import that ended in the middle of a check left its candidate.
      else await objects.removeAll(artifacts.bucket, candidateOf({ stage }, model));
      await importer.discard(model);
    },
  };
}

const candidateOf = (place: Pick<Place, 'stage'>, model: Model): string =>
  `${checksPrefix}${versionNameOf(place, model)}/`;

async function check(
  { lambda, objects, artifacts: { bucket }, stage, functionName }: LambdaImporterOptions,
  artifact: ArtifactBytes,
  model: Model,
): Promise<readonly string[]> {
  const size = artifact.graph.length + artifact.manifest.length;
  if (size > largestModel)
    return [
      `${artifactFiles.graph} and ${artifactFiles.manifest} have more than ${largestModel} bytes together`,
    ];
  const prefix = candidateOf({ stage }, model);
  const event: AdmissionEvent = { bucket, prefix };
  try {
    await objects.write({ bucket, key: `${prefix}${artifactFiles.graph}` }, artifact.graph);
    await objects.write({ bucket, key: `${prefix}${artifactFiles.manifest}` }, artifact.manifest);
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    if (FunctionError !== undefined) return [notTried(howItEnded(Payload))];
    return (JSON.parse(Buffer.from(Payload ?? []).toString()) as AdmissionAnswer).problems;
  } finally {
    await objects.removeAll(bucket, prefix);
  }
}

/** @throws Error for what is not the artifact's fault */
function howItEnded(payload: Uint8Array | undefined): string {
  const { type, message } = errorOf(payload);
  if (/Task timed out after/.test(message) || type === 'Sandbox.Timedout')
    return 'it did not load and judge a blank picture in time';
  if (/^(Runtime|Sandbox)\./.test(type)) return 'its process ended';
  throw new Error(`The artifact could not be checked: ${type}: ${message}`);
}
