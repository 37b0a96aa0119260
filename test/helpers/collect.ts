import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/**
 * Collects garbage, so that what is measured after it is what is held. Works where node was not started for
 * it, as in a test's context.
 */
export const collect = runInNewContext('gc') as () => void;
