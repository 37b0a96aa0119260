// Jest sees the same code that `node bin/local.ts` runs: the types are blanked out by Node itself, so lines
// and columns stay where they are.
const { stripTypeScriptTypes } = require('node:module');

module.exports = { process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }) };
