import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactFiles } from '../../vision/inference/artifact.ts';
import { artifactLimits, ArtifactTooLarge, type ArtifactName } from '../read-artifact.ts';

/** The files of an artifact, whole or as their bytes arrive. */
export type ArtifactPieces = Readonly<Record<ArtifactName, AsyncIterable<Uint8Array> | Iterable<Uint8Array>>>;

/**
 * Artifacts as local files, from which units load and, when one is replaced, load again. Folders are named
 * for their content, so that what is there is right, and appear by renaming, so that what is there is whole.
 * Files are written as they arrive, and never held in memory.
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

  /**
   * @returns the folder with the artifact's files; it stays until `release` was called as often as `hold`.
   *   Files that are there already are replaced: they may be damaged, and nobody has them open for long.
   * @throws ArtifactTooLarge
   */
  async hold(artifact: ArtifactPieces): Promise<string> {
    const partial = join(this.#root, `${'0'.repeat(64)}.${randomUUID()}`);
    await this.#inLine(() => mkdir(partial));
    try {
      const hash = createHash('sha256');
      for (const name of ['graph', 'manifest'] as const)
        hash.update(await write(join(partial, artifactFiles[name]), artifact[name], name));
      return await this.#inLine(() => this.#place(partial, hash.digest('hex')));
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
  }

  release(folder: string): Promise<void> {
    return this.#inLine(() => this.#leave(folder));
  }

  async #place(partial: string, name: string): Promise<string> {
    const folder = join(this.#root, name);
    const before = join(this.#root, `${name}.${randomUUID()}`);
    try {
      await rename(folder, before).catch(unlessCode('ENOENT'));
      await rename(partial, folder);
    } catch (error) {
      // Windows renames nothing that is open: then units are reading what is there, and it is right.
      unlessCode('EPERM', 'EACCES', 'EBUSY')(error);
      await rm(partial, { recursive: true, force: true });
    }
    this.#users.set(folder, (this.#users.get(folder) ?? 0) + 1);
    await rm(before, { recursive: true, force: true });
    return folder;
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

/** @returns the content's digest */
async function write(
  path: string,
  pieces: ArtifactPieces[ArtifactName],
  name: ArtifactName,
): Promise<Buffer> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    let size = 0;
    for await (const piece of pieces) {
      size += piece.length;
      if (size > artifactLimits[name]) throw new ArtifactTooLarge(name);
      hash.update(piece);
      await file.writeFile(piece);
    }
    return hash.digest();
  } finally {
    await file.close();
  }
}

const unlessCode =
  (...codes: readonly string[]) =>
  (error: unknown): void => {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (!codes.some((each) => each === code)) throw error as Error;
  };
