// Beside the sweep's own bundle: what it loads when it has to end an operation itself.
export { takeoverParts } from '../takeover.ts';
