import { common, elsewhere, proofs } from './jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...common,
  // With `testRegex`, `testMatch` must go.
  testMatch: undefined,
  testRegex: proofs.map((path) => (path.endsWith('$') ? path : `${path}.*\\.test\\.ts$`)),
  testPathIgnorePatterns: ['/node_modules/', ...elsewhere],
};
