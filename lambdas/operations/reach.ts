import { fitsAny } from '../domain/patterns.ts';
import type { Store } from '../store/store.ts';
import type { Project } from '../store/projects.ts';
import type { Reach } from './context.ts';

/** Whether a caller learns of a project. Without a reach of its own a caller has everything. */
export const isReached = (reach: Reach | undefined, project: string): boolean =>
  reach === undefined || fitsAny(reach.projects, project);

/** The projects that a caller learns of, by name, of those that are listed. */
export async function* reached(
  reach: Reach | undefined,
  projects: ReturnType<Store['projects']['list']>,
): AsyncGenerator<Project> {
  for await (const project of projects) if (isReached(reach, project.name)) yield project;
}

/** The same for lists that begin within a project: from `from` on, itself with it. */
export async function* reachedFrom(
  { projects }: Pick<Store, 'projects'>,
  reach: Reach | undefined,
  from: string | undefined,
): AsyncGenerator<Project> {
  for await (const project of reached(reach, projects.list()))
    if (from === undefined || project.name >= from) yield project;
}
