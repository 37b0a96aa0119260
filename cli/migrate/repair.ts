import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CommandFailed } from '../failed.ts';
import type { DatasetType, Finding, Line } from './finding.ts';
import { locate, manifestOf, type Export } from './layout.ts';
import { masksOf, parseLine } from './line.ts';

/**
 * Writes a copy of the export with everything repaired that can be: lines changed or left out, and the files
 * that the rest of them names. Writing the same copy again is success.
 * @throws CommandFailed if another export is at its place
 */
export async function writeRepaired(
  { folder, manifests }: Export,
  findings: readonly Finding[],
  copy: string,
): Promise<void> {
  const repairs = manifests.map(({ dataset, lines }) => {
    const kept = lines
      .map((text, index) =>
        repaired(
          text,
          findings.filter((each) => each.dataset === dataset && each.line === index + 1),
        ),
      )
      .filter((line) => line !== undefined);
    return { dataset, kept, text: kept.map((line) => `${JSON.stringify(line)}\n`).join('') };
  });
  for (const { dataset, text } of repairs) {
    const present = await readFile(manifestOf(copy, dataset), 'utf8').catch(() => text);
    if (present !== text)
      throw new CommandFailed(`${copy} holds something else. Remove it, or name another place with --fixed.`);
  }
  for (const { dataset, kept, text } of repairs) {
    for (const line of kept) await copyFiles(folder, copy, dataset, line);
    await mkdir(dirname(manifestOf(copy, dataset)), { recursive: true });
    await writeFile(manifestOf(copy, dataset), text);
  }
}

/** The line after its repairs, in the order of its findings. @returns undefined if it is left out */
function repaired(text: string, findings: readonly Finding[]): Line | undefined {
  let line = parseLine(text);
  for (const { repair } of findings) {
    if (line === undefined) return undefined;
    line = repair === undefined ? line : repair(line);
  }
  return line;
}

async function copyFiles(from: string, to: string, dataset: DatasetType, line: Line): Promise<void> {
  const files = [
    ['images', locate(from, dataset, 'images', String(line['source-ref']))],
    ...masksOf(line).map(({ ref }) => ['masks', locate(from, dataset, 'masks', ref)] as const),
  ] as const;
  for (const [kind, file] of files) {
    if (file === undefined) continue;
    const target = join(to, dataset, kind, ...file.key.split('/'));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(file.path, target, constants.COPYFILE_FICLONE);
  }
}
