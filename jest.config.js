/**
 * Where a suite belongs:
 * - `npm test` runs all but what follows;
 * - `npm run test:proofs` runs what takes minutes: histories, crash points, fuzzing, trainings on real pictures,
 *   clients that others wrote, the deployed stage, and syntheses of many configurations;
 * - `npm run test:fast` runs what needs neither a host, nor a training, nor a synthesis: the working loop;
 * - `npm run test:browser` and `npm run test:deploy` need a browser, or Python, and run by their own scripts.
 */
export const proofs = [
  '/test/proof/',
  '/test/vision/(train|cookies)\\.test\\.ts$',
  '/test/cli/(conformance|migrate)\\.test\\.ts$',
  '/test/local/kill\\.test\\.ts$',
  '/test/engines/sagemaker/training/crashes\\.test\\.ts$',
  '/test/engines/training/seed\\.test\\.ts$',
  '/test/clients/',
  '/test/local/(s3/tools|upkeep)\\.test\\.ts$',
  '/test/stack/',
  '/test/lib/(account|callers|network|replacement)\\.test\\.ts$',
];

/** These have a way of their own to be started. */
export const elsewhere = ['/test/browser/', '/test/deploy/'];

/** These start hosts or processes, train, bundle or synthesise. */
export const slow = [
  ...proofs,
  '/test/(aws|bench|cli|clients|conformance|lib|local|stack)/',
  '/test/engines/process/',
  '/test/http/(refused-bodies|socket)\\.test\\.ts$',
  '/test/workflows/',
  '/test/operations/(state-matrix|start-model\\.races|pages|datasets|requests)\\.test\\.ts$',
];

/** @type {import('jest').Config} */
export const common = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/helpers/strip-types.cjs' },
  // A limit that a slow machine does not reach: what hangs is told, and what is slow is not.
  testTimeout: 120_000,
  maxWorkers: '100%',
  globalSetup: '<rootDir>/test/helpers/temporary-folder.js',
  globalTeardown: '<rootDir>/test/helpers/temporary-folder.end.js',
  cacheDirectory: '<rootDir>/.cache/jest',
};

/** @type {import('jest').Config} */
export default { ...common, testPathIgnorePatterns: ['/node_modules/', ...proofs, ...elsewhere] };
