import type { Evaluation } from '../../../domain/model.ts';

/**
 * How well a model was judged is not there, or breaks a rule. The message names every member and what it
 * should be.
 */
export class BadEvaluation extends Error {
  override readonly name = 'BadEvaluation';
}

const shares = ['f1Score', 'precision', 'recall'] as const;

/**
 * Reads the four members, be they numbers (in evaluation.json) or text (in a package's metadata): three
 * shares from 0 to 1, and the time as epoch milliseconds or in ISO 8601.
 * @throws BadEvaluation
 */
export function readEvaluation(stated: Readonly<Record<string, unknown>>): Evaluation {
  const problems: string[] = [];
  const [f1Score = 0, precision = 0, recall = 0] = shares.map((name) => {
    const share = numeric(stated[name]);
    if (!(share >= 0 && share <= 1)) problems.push(`${name} must be a number from 0 to 1`);
    return share;
  });
  const evaluatedAt = time(stated['evaluatedAt']);
  if (!Number.isFinite(evaluatedAt))
    problems.push('evaluatedAt must be a time, as epoch milliseconds or in ISO 8601');
  if (problems.length > 0) throw new BadEvaluation(problems.join('; '));
  return { f1Score, precision, recall, evaluatedAt };
}

/** @throws BadEvaluation */
export function parseEvaluation(bytes: Uint8Array): Evaluation {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new BadEvaluation('it must be JSON in UTF-8');
  }
  if (typeof json !== 'object' || json === null) throw new BadEvaluation('it must be a JSON object');
  return readEvaluation(json as Readonly<Record<string, unknown>>);
}

const numeric = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : Number.NaN;

function time(value: unknown): number {
  const milliseconds = numeric(value);
  if (!Number.isNaN(milliseconds)) return milliseconds >= 0 ? milliseconds : Number.NaN;
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
