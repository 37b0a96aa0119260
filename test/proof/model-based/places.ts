import { isDeepStrictEqual } from 'node:util';
import { countsOf } from './lines.ts';
import type { Must } from './invariants.ts';
import type { Moment } from './moments.ts';
import { passing } from './reference.ts';

// What must hold of the lines of datasets, and of whatever is written and removed as a whole.

/**
 * What readers see is whole; tasks write in a place of their own; and whatever is written will be read, or
 * removed.
 */
export function checkDatasets(
  before: Moment,
  now: Moment,
  fence: { readonly operationId: string; readonly attempt: number } | undefined,
  must: Must,
): void {
  for (const [key, { generation, stats, status, operation }] of now.datasets) {
    const seen = linesOf(now, generation);
    const due = now.contents.get(key) ?? [];
    must(
      isDeepStrictEqual(seen, due),
      `${key}, ${status}, shows ${seen.length} lines instead of the ${due.length} that were completed last`,
    );
    const { total, normal, anomaly } = countsOf(due);
    must(
      isDeepStrictEqual(stats, { total, labeled: normal + anomaly, normal, anomaly }),
      `${key} counts ${JSON.stringify(stats)}, and ${normal} + ${anomaly} of ${total} are there`,
    );
    const was = before.datasets.get(key);
    must(
      was === undefined || was.operation.id === operation.id || !passing.includes(was.status),
      `an operation of ${key} began in the middle of another`,
    );
  }
  if (fence !== undefined) {
    const own = `${fence.operationId}-${fence.attempt}`;
    for (const place of new Set([...before.places.keys(), ...now.places.keys()])) {
      if (!isDeepStrictEqual(before.places.get(place), now.places.get(place)))
        must(place.slice(2) === own, `a task of ${own} wrote to ${place}`);
    }
  }
  for (const [place, rows] of now.places)
    must(
      isAccountedFor(place, rows, now),
      `${place} is nobody's: nothing reads it, writes it, or will remove it`,
    );
}

const linesOf = ({ places }: Moment, generation: string | undefined): (string | undefined)[] =>
  [...(places.get(`E#${generation ?? ''}`) ?? [])]
    .sort((a, b) => (a.sk < b.sk ? -1 : 1))
    .map(({ line }) => line);

/**
 * A generation is read, or being written; changes belong to an operation, or expire without ever having begun
 * one; all else is promised to be removed.
 */
function isAccountedFor(
  place: string,
  rows: Moment['places'] extends ReadonlyMap<string, infer Rows> ? Rows : never,
  now: Moment,
): boolean {
  const [kind, of = ''] = place.split('#');
  if ([...now.scheduledDeletions.values()].some(({ partitions }) => partitions.includes(place))) return true;
  const datasets = [...now.datasets.values()];
  if (kind === 'C') {
    const whose = datasets.find(({ operation }) => operation.id === of);
    return whose === undefined
      ? !now.begun.has(of) && rows.every(({ expiresAt }) => expiresAt !== undefined)
      : passing.includes(whose.status);
  }
  return datasets.some(
    ({ generation, operation, status }) =>
      (kind === 'E' && generation === of) ||
      (passing.includes(status) && `${operation.id}-${operation.attempt}` === of),
  );
}

/** When every promise is kept: only what is read is there, and of what is gone nothing. */
export function checkNothingLeft(now: Moment, must: Must, excused: ReadonlySet<string>): void {
  must(
    now.scheduledDeletions.size === 0,
    `${now.scheduledDeletions.size} promises to remove something were not kept`,
  );
  const read = [...now.datasets.values()].map(({ generation }) => `E#${generation ?? ''}`);
  for (const place of now.places.keys())
    must(read.includes(place) || place.startsWith('C#'), `${place} was left`);
  for (const path of now.objects) {
    const [, project, version] = /^artifacts\/([^/]+)\/(\d+)-/.exec(path) ?? [];
    if (project === undefined || excused.has(path)) continue;
    must(now.models.has(`${project}/${version ?? ''}`), `${path} was left of a version that is gone`);
  }
  for (const { project, name, status, greengrass, componentVersion } of now.jobs.values()) {
    if (status !== 'SUCCEEDED') continue;
    const at = `${greengrass.S3OutputLocation.Bucket}/${greengrass.S3OutputLocation.Prefix ?? ''}${greengrass.ComponentName}/${componentVersion}/`;
    for (const file of [`${greengrass.ComponentName}.zip`, 'recipe.json'])
      must(now.objects.has(`${at}${file}`), `job ${project}/${name} succeeded without ${at}${file}`);
  }
}
