import { operationNames } from '../../lambdas/contract/operations.ts';
import { rowOf, Skipped, Unlike, type Bench, type Case, type Result } from './case.ts';
import { cases, finalCases } from './cases.ts';
import { cleanUp } from './clean-up.ts';

/**
 * Runs every case whose operation the contract has, then leaves nothing behind. `tell` hears of each as it
 * ends.
 */
export async function runConformance(bench: Bench, tell: (result: Result) => void): Promise<Result[]> {
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    tell(result);
  };
  try {
    for (const each of cases.filter(offered)) note(await runCase(each, bench));
  } finally {
    const began = performance.now();
    const left = await cleanUp(bench);
    note({
      suite: 'original',
      operation: '(cleaning up)',
      title: 'leaves the project empty',
      outcome: left.length === 0 ? 'passed' : 'failed',
      saw: left.length === 0 ? 'empty' : left.join('; '),
      seconds: (performance.now() - began) / 1000,
    });
    for (const each of finalCases.filter(offered)) note(await runCase(each, bench));
  }
  return results;
}

const offered = ({ operation, kind }: Case): boolean => kind === 'probe' || rowOf(operation) !== undefined;

/** Operations of the contract that no case tries: a test wants none. */
export const untried = (): string[] =>
  operationNames.filter((name) => ![...cases, ...finalCases].some(({ operation }) => operation === name));

async function runCase(each: Case, bench: Bench): Promise<Result> {
  const { operation, title, kind } = each;
  const began = performance.now();
  const result = (outcome: Result['outcome'], saw: string): Result => ({
    suite: kind ?? (rowOf(operation)?.extension === true ? 'extension' : 'original'),
    operation,
    title,
    outcome,
    saw,
    seconds: (performance.now() - began) / 1000,
  });
  try {
    return result(kind === 'probe' ? 'as hoped' : 'passed', await each.run(bench));
  } catch (error) {
    if (error instanceof Skipped) return result('skipped', error.message);
    return result(
      kind === 'probe' ? 'otherwise' : 'failed',
      error instanceof Unlike ? error.message : String(error),
    );
  }
}
