import { existsSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ownValues, wholeConfig } from './schema.ts';
import { stageDefaults, stageNames, type StageConfig, type StageName } from './stages.ts';
import { isObject } from '../../lambdas/contract/json.ts';

/** The configuration breaks a rule. The message names the member and the rule, in a sentence for each. */
export class BadConfig extends Error {
  override readonly name = 'BadConfig';
}

/** A deployment's own values, next to the code and never in its history. */
const defaultFile = 'crowsnest.config.json';

/**
 * The values of one stage: its defaults, and over them what the file says. Objects are laid over member by
 * member, anything else replaces.
 * @param file absent: `crowsnest.config.json`, if it is there
 * @throws BadConfig
 */
export function readConfig(
  stage: unknown,
  file?: string,
): { readonly stage: StageName; readonly config: StageConfig } {
  if (!stageNames.includes(stage as StageName))
    throw new BadConfig(`Say which stage: -c stage=${stageNames.join('|')}.`);
  const name = stage as StageName;
  return { stage: name, config: configOf(name, own(name, file)) };
}

/**
 * The stages of one synthesis.
 * @param stages as `dev` or `dev,prod`; absent: those that the file names, or `dev` where it names none
 * @param file as for `readConfig`
 * @throws BadConfig, also where they cannot be made from one set of bundles
 */
export function readStages(stages: unknown, file?: string): ReturnType<typeof readConfig>[] {
  const told: readonly string[] = typeof stages === 'string' ? stages.split(',') : named(file);
  const twice = told.find((name, at) => told.indexOf(name) !== at);
  if (twice !== undefined) throw new BadConfig(`The stage ${twice} is named twice.`);
  const read = told.map((stage) => readConfig(stage, file));
  const [first] = read;
  for (const { stage, config } of read) {
    if (config.lambda.architecture !== first?.config.lambda.architecture)
      throw new BadConfig(
        `${stage}.lambda.architecture must be that of ${first?.stage ?? ''}: stages that are synthesised ` +
          `together share one layer. Name them one at a time (-c stage=${stage}).`,
      );
  }
  return read;
}

/** The stages that the file names, in the order of their rank. */
function named(file?: string): readonly StageName[] {
  const own = stagesOf(file);
  const found = stageNames.filter((stage) => Object.hasOwn(own, stage));
  return found.length === 0 ? ['dev'] : found;
}

const own = (stage: StageName, file?: string): unknown => stagesOf(file)[stage] ?? {};

function stagesOf(file?: string): Readonly<Record<string, unknown>> {
  if (file === undefined && !existsSync(defaultFile)) return {};
  const path = file ?? defaultFile;
  const stages = parse(path);
  for (const each of Object.keys(stages)) {
    if (!stageNames.includes(each as StageName))
      throw new BadConfig(`${path} knows the stages ${stageNames.join(', ')}, not "${each}".`);
  }
  return stages;
}

function parse(path: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new BadConfig(
      `${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (!isObject(content)) throw new BadConfig(`${path} must be an object with a member for each stage.`);
  return content;
}

/** @throws BadConfig with a sentence for everything that is wrong */
export function configOf(stage: StageName, given: unknown): StageConfig {
  hold(ownValues, stage, given);
  const config = merge(stageDefaults[stage], given) as StageConfig;
  hold(wholeConfig, stage, config);
  return config;
}

function hold(schema: z.ZodType, stage: StageName, value: unknown): void {
  const { error } = schema.safeParse(value);
  if (error === undefined) return;
  throw new BadConfig(error.issues.map((issue) => sentence(issue, stage, value)).join('\n'));
}

/** What is wrong with a member, where, and what it is. */
function sentence({ code, path, message }: z.core.$ZodIssue, stage: StageName, whole: unknown): string {
  // The name of a tag breaks a rule of the object that it is in.
  const at = code === 'invalid_key' ? path.slice(0, -1) : path;
  const where = at.reduce<string>(
    (before, part) => (typeof part === 'number' ? `${before}[${part}]` : `${before}.${String(part)}`),
    stage,
  );
  if (code === 'unrecognized_keys' || code === 'custom') return `${where} ${message}.`;
  const value = at.reduce<unknown>((of, part) => (of as Record<PropertyKey, unknown>)[part], whole);
  return value === undefined
    ? `${where} is missing.`
    : `${where} must be ${message}; it is ${JSON.stringify(value)}.`;
}

function merge(under: unknown, over: unknown): unknown {
  if (!isObject(under) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [member, value] of Object.entries(over))
    merged[member] = Object.hasOwn(under, member) ? merge(under[member], value) : value;
  return merged;
}
