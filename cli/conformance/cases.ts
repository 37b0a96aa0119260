import type { Case } from './case.ts';
import { datasetCases } from './datasets.ts';
import { extensionCases } from './extensions.ts';
import { hostingCases } from './hosting.ts';
import { modelCases, stoppingCases } from './models.ts';
import { packagingCases } from './packaging.ts';
import { probes } from './probes.ts';
import { lastCases, projectCases } from './projects.ts';
import { tagCases } from './tags.ts';

/** In the order in which they run: each finds what those before it have left. */
export const cases: readonly Case[] = [
  ...projectCases,
  ...datasetCases,
  ...extensionCases,
  ...packagingCases,
  ...modelCases,
  ...hostingCases,
  ...tagCases,
  ...probes,
  ...stoppingCases,
];

/** After the cleaning up, so that the project is empty however the others went. */
export const finalCases: readonly Case[] = lastCases;
