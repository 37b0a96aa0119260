import type { Artifact, Model } from '../domain/model.ts';
import { LocationRefused, type ObjectStore } from '../domain/ports.ts';
import { artifactFiles, describeProblem, parseManifest } from '../vision/inference/artifact.ts';
import type { ArtifactBytes } from './artifact-check.ts';
import type { Admission, ModelImporter } from './engine.ts';
import { ArtifactTooLarge, openArtifact, readWhole } from './read-artifact.ts';
import { Turns } from './turns.ts';

export interface ImporterPorts {
  readonly objects: Pick<ObjectStore, 'read' | 'stream' | 'write' | 'removeAll'>;
  /** Where the copies are kept. `prefix` is empty or ends with a slash. */
  readonly artifacts: { readonly bucket: string; readonly prefix: string };
  /**
   * Looks into the files, and tries the graph where its crash harms nobody.
   * @returns what keeps the artifact from being hosted, as clauses of one sentence; none if nothing does
   * @throws anything that says nothing about the artifact: another try may do better
   */
  check(artifact: ArtifactBytes, model: Model): Promise<readonly string[]>;
}

/** Trials at a time: each may use the memory of a unit, and holds the graph. */
const atOnce = 1;

/** How long an import waits here for its trial, in milliseconds; then it is told to ask again. */
const longestWait = 20_000;

/** Problems that are named one by one: the sentence ends in a status message. */
const named = 10;

const refused = (reason: string): Admission => ({ admitted: false, reason });

const unfit = (problems: readonly string[]): Admission =>
  refused(
    `The artifact cannot be hosted: ${problems.slice(0, named).join('; ')}${
      problems.length > named ? `; and ${problems.length - named} more problems` : ''
    }.`,
  );

/**
 * Takes in artifacts from S3 locations, one at a time: has them checked, and keeps a copy. A laptop and AWS
 * differ in who checks, and where.
 */
export class ArtifactImporter implements ModelImporter {
  readonly #ports: ImporterPorts;
  readonly #turns = new Turns(atOnce);

  constructor(ports: ImporterPorts) {
    this.#ports = ports;
  }

  async admit(model: Model): Promise<Admission> {
    const { S3 } = model.source;
    if (S3 === undefined) {
      return refused(
        'This deployment hosts only artifacts in S3 locations: import with Source.S3, or use a stage ' +
          'that hosts on SageMaker.',
      );
    }
    const kept = await this.#admittedBefore(model);
    if (kept !== undefined) return kept;

    const leave = await this.#turns.enter(longestWait);
    if (leave === undefined)
      return { admitted: 'pending', note: 'Other models are being checked before it.' };
    try {
      return await this.#check(model, S3.Bucket, S3.Prefix ?? '');
    } catch (error) {
      // A store that will never serve a location says so under this name; any other failure is worth another
      // try.
      if (error instanceof LocationRefused) return refused(error.message);
      if (error instanceof ArtifactTooLarge) return unfit([error.message]);
      throw error;
    } finally {
      leave();
    }
  }

  async #check(model: Model, bucket: string, prefix: string): Promise<Admission> {
    const found = await this.#find(bucket, prefix);
    if (typeof found === 'string') return refused(found);
    const problems = await this.#ports.check(found, model);
    if (problems.length > 0) return unfit(problems);
    const manifest = parseManifest(found.manifest);
    if (!manifest.ok) return unfit(manifest.problems.map(describeProblem));

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

  #artifactOf({ artifact, project, version, operation }: Model): Artifact {
    const { bucket, prefix } = this.#ports.artifacts;
    // A later operation, a delete, say, finds what the import made by what the import told.
    return artifact ?? { bucket, prefix: `${prefix}${project}/${version}-${operation.id}/`, format: 'onnx' };
  }

  /** @returns the files, or a sentence that says which are missing */
  async #find(bucket: string, prefix: string): Promise<ArtifactBytes | string> {
    const folders = prefix === '' || prefix.endsWith('/') ? [prefix] : [prefix, `${prefix}/`];
    const missing: string[] = [];
    for (const folder of folders) {
      const found = await openArtifact(this.#ports.objects, bucket, folder);
      if (!('missing' in found))
        return { manifest: found.manifest, graph: await readWhole(found.graph, 'graph') };
      missing.push(...found.missing);
    }
    return (
      `The artifact is incomplete: there is no ${missing.join(' and no ')}. Put both files in one place ` +
      'and import the model again.'
    );
  }
}
