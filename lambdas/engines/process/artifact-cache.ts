import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import type { ArtifactBytes } from '../artifact-check.ts';

/**
 * Artifacts as local files, from which units load and, when one is replaced, load again. Folders are named
 * for their content, so that what is there is right, and appear by renaming, so that what is there is whole.
 */
export class ArtifactCache {
  readonly #root: string;
  readonly #users = new Map<string, number>();
  /** The last call under way. One waits for the other, so that nobody's folder goes while it comes. */
  #line: Promise<unknown> | undefined;

  /** @param root a folder that this process alone uses: what an earlier one left in it is removed */
  constructor(root: string) {
    this.#root = root;
  }

  /** @returns the folder with the artifact's files; it stays until `release` was called as often as `hold` */
  hold(artifact: ArtifactBytes): Promise<string> {
    return this.#inLine(() => this.#write(artifact));
  }

  release(folder: string): Promise<void> {
    return this.#inLine(() => this.#leave(folder));
  }

  async #write({ graph, manifest }: ArtifactBytes): Promise<string> {
    const name = createHash('sha256')
      .update(String(graph.length))
      .update(graph)
      .update(manifest)
      .digest('hex');
    const folder = join(this.#root, name);
    this.#users.set(folder, (this.#users.get(folder) ?? 0) + 1);
    try {
      const partial = join(this.#root, `${name}.${randomUUID()}`);
      await mkdir(partial);
      await writeFile(join(partial, artifactFiles.graph), graph);
      await writeFile(join(partial, artifactFiles.manifest), manifest);
      // A folder that is there already holds the same bytes, and units may be reading them.
      await rename(partial, folder).catch(() => rm(partial, { recursive: true, force: true }));
      return folder;
    } catch (error) {
      await this.#leave(folder);
      throw error;
    }
  }

  async #leave(folder: string): Promise<void> {
    const users = (this.#users.get(folder) ?? 0) - 1;
    this.#users.set(folder, users);
    if (users > 0) return;
    this.#users.delete(folder);
    await rm(folder, { recursive: true, force: true });
  }

  #inLine<T>(call: () => Promise<T>): Promise<T> {
    const turn = (this.#line ??= this.#clear()).then(call, call);
    this.#line = turn;
    return turn;
  }

  async #clear(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    const left = (await readdir(this.#root)).filter((name) => /^[0-9a-f]{64}(\.|$)/.test(name));
    await Promise.all(left.map((name) => rm(join(this.#root, name), { recursive: true, force: true })));
  }
}
