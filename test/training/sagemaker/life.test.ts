import { describe, expect, test } from '@jest/globals';
import { held, name, resultsOf, setUp, spec, walk } from './setup.ts';

describe('a training', () => {
  test('goes through a job, a package and a transform for each type of picture, and ends in figures', async () => {
    const setting = setUp();
    const seen = await walk(setting);
    expect(seen).toEqual([
      { state: 'running', note: 'Waiting for an instance.' }, { state: 'running', note: 'Learning.' },
    ]);
    expect(held(setting)).toEqual([]);
    expect(resultsOf(setting)).toEqual({});
  });
});
