import { describe, test } from '@jest/globals';

type Body = () => void | Promise<void>;

/**
 * Tests that need what not every machine has. Where it is missing they are skipped below a title that names
 * the need, so that a report can print it; `.ci/run` fails on a need that it could have installed.
 * @param need what is missing and where it comes from: `python3-boto3 from Debian`
 */
export function where(
  has: boolean,
  need: string,
): {
  readonly test: (title: string, body: Body, timeout?: number) => void;
  readonly describe: (title: string, body: () => void) => void;
} {
  if (has) return { test, describe };
  const skipped = (body: () => void): void => describe.skip(`[needs ${need}]`, body);
  return {
    test: (title, body, timeout) => skipped(() => test(title, body, timeout)),
    describe: (title, body) => skipped(() => describe(title, body)),
  };
}
