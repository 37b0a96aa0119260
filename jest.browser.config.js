import { common } from './jest.config.js';

/** @type {import('jest').Config} */
export default { ...common, roots: ['<rootDir>/test/browser'], testTimeout: 300_000 };
