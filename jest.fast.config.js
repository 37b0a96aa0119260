import { common, elsewhere, slow } from './jest.config.js';

/** @type {import('jest').Config} */
export default { ...common, testPathIgnorePatterns: ['/node_modules/', ...slow, ...elsewhere] };
