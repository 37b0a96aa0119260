import type { Model } from '../../domain/model.ts';
import { LocationRefused, type Clock, type ObjectStore } from '../../domain/ports.ts';
import type { Admission, ModelImporter } from '../engine.ts';
import {
  ArtifactUnfit,
  artifactFiles,
  describeProblem,
  parseManifest,
} from '../../vision/inference/artifact.ts';
import type { ArtifactBytes, ArtifactCache } from './artifact-cache.ts';
import { graphProblems } from '../../vision/onnx/graph-check.ts';
import type { UnitProcess } from './unit-process.ts';

export interface ImporterPorts {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly cache: ArtifactCache;
  /** Where the copies are kept. `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  /** Starts a unit on the artifact in `folder`. */
  start(folder: string): UnitProcess;
  /**
   * What a trial may use: milliseconds until the model is loaded and has judged a blank picture, and bytes of
   * memory.
   */
  readonly trial: { readonly load: number; readonly memory: number; readonly look: number };
}

const refused = (reason: string): Admission => ({ admitted: false, reason });

/**
 * Takes in artifacts from S3 locations: looks into the files, tries the graph in a process of its own, and
 * keeps a copy.
 */
export class ArtifactImporter implements ModelImporter {
  readonly #ports: ImporterPorts;

  constructor(ports: ImporterPorts) {
    this.#ports = ports;
  }

  async admit(model: Model): Promise<Admission> {
    const { S3 } = model.source;
    if (S3 === undefined) {
      return refused(
        'The embedded engine hosts only artifacts in S3 locations: import with Source.S3, or use a stage that hosts on SageMaker.',
      );
    }
    const kept = await this.#admittedBefore(model);
    if (kept !== undefined) return kept;

    const found = await this.#find(S3.Bucket, S3.Prefix ?? '').catch((error: unknown) => {
      // A store that will never serve a location says so under this name; any other failure is worth another
      // try.
      if (error instanceof LocationRefused) return error.message;
      throw error;
    });
    if (typeof found === 'string') return refused(found);
    const manifest = parseManifest(found.manifest);
    const problems = [
      ...(manifest.ok
        ? []
        : manifest.problems.map((problem) => `${artifactFiles.manifest}: ${describeProblem(problem)}`)),
      ...graphProblems(found.graph).map((problem) => `${artifactFiles.graph} ${problem}`),
    ];
    if (problems.length === 0) problems.push(...(await this.#try(found)));
    if (!manifest.ok || problems.length > 0)
      return refused(`The artifact cannot be hosted: ${problems.join('; ')}.`);

    const artifact = this.#artifactOf(model);
    const { objects } = this.#ports;
    await objects.write(
      { bucket: artifact.bucket, key: `${artifact.prefix}${artifactFiles.graph}` },
      found.graph,
    );
    // Written last: where it is, the artifact was found good and its copy is whole.
    await objects.write(
      { bucket: artifact.bucket, key: `${artifact.prefix}${artifactFiles.manifest}` },
      found.manifest,
    );
    return { admitted: true, artifact, evaluation: manifest.manifest.evaluation };
  }

  async discard(model: Model): Promise<void> {
    const { objects, artifacts } = this.#ports;
    const { bucket, prefix } = this.#artifactOf(model);
    await objects.removeAll(bucket, prefix);
    // An import whose end was never recorded left a copy under the id of an operation that the row has
    // forgotten.
    await objects.removeAll(artifacts.bucket, `${artifacts.prefix}${model.project}/${model.version}-`);
  }

  /** A repeated call answers from the copy: the source may have changed or gone since. */
  async #admittedBefore(model: Model): Promise<Admission | undefined> {
    const artifact = this.#artifactOf(model);
    const bytes = await this.#ports.objects.read({
      bucket: artifact.bucket,
      key: `${artifact.prefix}${artifactFiles.manifest}`,
    });
    const parsed = bytes === undefined ? undefined : parseManifest(bytes);
    return parsed?.ok === true
      ? { admitted: true, artifact, evaluation: parsed.manifest.evaluation }
      : undefined;
  }

  #artifactOf({ artifact, project, version, operation }: Model): {
    readonly bucket: string;
    readonly prefix: string;
  } {
    const { bucket, prefix } = this.#ports.artifacts;
    // A later operation, a delete, say, finds what the import made by what the import told.
    return artifact ?? { bucket, prefix: `${prefix}${project}/${version}-${operation.id}/` };
  }

  /** @returns the files, or a sentence that says which are missing */
  async #find(bucket: string, prefix: string): Promise<ArtifactBytes | string> {
    const folders = prefix === '' || prefix.endsWith('/') ? [prefix] : [prefix, `${prefix}/`];
    const missing: string[] = [];
    for (const folder of folders) {
      const graph = await this.#ports.objects.read({ bucket, key: `${folder}${artifactFiles.graph}` });
      const manifest = await this.#ports.objects.read({ bucket, key: `${folder}${artifactFiles.manifest}` });
      if (graph !== undefined && manifest !== undefined) return { graph, manifest };
      const absent = [
        ...(graph === undefined ? [artifactFiles.graph] : []),
        ...(manifest === undefined ? [artifactFiles.manifest] : []),
      ];
      missing.push(...absent.map((file) => `s3://${bucket}/${folder}${file}`));
    }
    return `The artifact is incomplete: there is no ${missing.join(' and no ')}. Put both files in one place and import the model again.`;
  }

  /**
   * A graph may crash its runtime, never end, or fill the memory: whatever it does, it does it in a process
   * of its own.
   */
  async #try(artifact: ArtifactBytes): Promise<readonly string[]> {
    const { cache, clock, trial } = this.#ports;
    const folder = await cache.hold(artifact);
    const unit = this.#ports.start(folder);
    const trying = { over: false };
    void unit.ended.then(() => {
      trying.over = true;
    });
    const watch = (async () => {
      for (let spent = 0; !trying.over; spent += trial.look) {
        if (spent > trial.load)
          unit.kill(`it did not load and judge a blank picture within ${trial.load} ms`);
        if (unit.memory() > trial.memory)
          unit.kill(`it used more than ${Math.round(trial.memory / 1024 / 1024)} MB of memory`);
        await clock.sleep(trial.look);
      }
    })();
    try {
      await unit.loaded;
      return [];
    } catch (error) {
      return error instanceof ArtifactUnfit
        ? error.problems
        : [`${artifactFiles.graph} could not be tried: ${(error as Error).message}`];
    } finally {
      unit.kill('the trial is over');
      await unit.ended;
      await watch;
      await cache.release(folder);
    }
  }
}
