import type { Operation } from '../context.ts';
import { metadata, requireProject } from './models.ts';
import { cursors, page } from '../paging.ts';

/** The newest version first, as the original listed them. */
export const ListModels: Operation<'ListModels'> = async (input, ctx) => {
  await requireProject(ctx, input.ProjectName);
  const { items, next } = await page(
    input,
    ['ListModels', input.ProjectName],
    cursors.version,
    (before) => ctx.store.models.list(input.ProjectName, before),
    ({ version }) => version,
  );
  return { Models: items.map((model) => metadata(ctx.settings, model)), ...next };
};
