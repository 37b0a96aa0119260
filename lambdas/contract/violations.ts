import { ValidationError } from './errors.ts';

/**
 * Collects everything that is wrong with a request, in AWS's wording, so that a caller learns of all of it at
 * once.
 */
export class Violations {
  readonly #found: string[] = [];

  /** @returns undefined: what stands for a value that there is not */
  add(path: string, value: unknown, rule: string): undefined {
    this.#found.push(`Value ${shown(value)} at '${path}' failed to satisfy constraint: ${rule}`);
    return undefined;
  }

  /** As `add`, where the value says nothing, or is too large to be repeated. */
  addUnshown(path: string, rule: string): void {
    this.#found.push(`Value at '${path}' failed to satisfy constraint: ${rule}`);
  }

  /** @throws ValidationError if anything was added */
  throwIfAny(): void {
    if (this.#found.length > 0) throw this.error();
  }

  error(): ValidationError {
    const { length } = this.#found;
    const listed = this.#found.slice(0, 20).join('; ');
    return new ValidationError(`${length} validation error${length === 1 ? '' : 's'} detected: ${listed}`);
  }
}

/** The error of one member that breaks one rule, in the same wording. */
export function violation(
  path: string,
  rule: string,
  ...value: readonly [] | readonly [unknown]
): ValidationError {
  const violations = new Violations();
  if (value.length === 0) violations.addUnshown(path, rule);
  else violations.add(path, value[0], rule);
  return violations.error();
}

/**
 * What a message may repeat of a value: not all of a large one, and nothing that could forge a line of a log.
 */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  const text = typeof value === 'string' ? value : json(value);
  const short = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  return `'${short.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?')}'`;
}

/** A body may nest deeper than a value can be written: parsing needs no stack, writing does. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? '[...]' : '{...}';
  }
}
