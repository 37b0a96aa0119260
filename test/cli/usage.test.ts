import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { run } from '../helpers/run.ts';

test.each(['samples', 'demo', 'derive', 'bundle'])(
  'npm run %s says what it does, and does nothing',
  async (name) => {
    const program = fileURLToPath(new URL(`../../cli/${name}.ts`, import.meta.url));
    for (const word of ['--help', '-h']) {
      const { code, out, errors } = await run(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', program, word],
        {},
      );
      expect([code, errors]).toEqual([0, '']);
      expect(out).toMatch(new RegExp(`^npm run ${name}`));
    }
  },
);
