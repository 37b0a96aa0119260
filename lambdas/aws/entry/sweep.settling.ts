// Beside the sweep's own bundle: what it loads when it has to settle something itself.
export { settlingParts } from '../settling.ts';
