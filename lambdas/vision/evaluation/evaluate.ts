import { classFigures, type ClassFigures } from './figures.ts';

/**
 * Figures per class over the patches of all pictures together.
 * @param pairs per picture, what its patches are and what they were taken for: 0 background, else the class's
 *   number from 1 on
 */
export function evaluateClasses(
  pairs: readonly { readonly truth: Uint8Array; readonly found: Uint8Array }[],
  names: readonly string[],
): ClassFigures[] {
  return names.map((className, index) => {
    let [hits, strays, misses] = [0, 0, 0];
    for (const { truth, found } of pairs) {
      truth.forEach((is, patch) => {
        const right = is === index + 1;
        const claimed = found[patch] === index + 1;
        if (right && claimed) hits++;
        else if (claimed) strays++;
        else if (right) misses++;
      });
    }
    return { className, ...classFigures({ hits, strays, misses }) };
  });
}
