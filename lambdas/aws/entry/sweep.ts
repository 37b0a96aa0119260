import { readEnvironment } from '../base.ts';
import { awsSweeper, sweepHandler } from '../sweep.ts';
import type { MakeParts } from '../takeover.ts';

/**
 * Named here and not in an import, so that it stays a file of its own: with it, loading the sweep would take
 * twice as long.
 */
const beside = './takeover.cjs';
const load = async (): Promise<MakeParts> =>
  ((await import(beside)) as { readonly takeoverParts: MakeParts }).takeoverParts;

export const handler = sweepHandler(awsSweeper(readEnvironment('sweep'), load));
