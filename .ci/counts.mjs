// Reads a report of Jest: prints every skipped test with its reason, then a last line "passed failed".
// A skip whose need could have been installed counts as failed.
// Usage: node counts.mjs REPORT.json yes|no   (yes: what can be installed is installed)
import { readFileSync } from 'node:fs';

const [, , file = '', installed = 'no'] = process.argv;
let report;
try {
  report = JSON.parse(readFileSync(file, 'utf8'));
} catch (error) {
  console.log(`no report: ${error.message}`);
  console.log('0 1');
  process.exit(0);
}
let failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
for (const { assertionResults } of report.testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status !== 'pending' && status !== 'todo') continue;
    const [, need] = /\[needs ([^\]]+)\]/.exec(fullName) ?? [];
    const wrong =
      need === undefined ||
      / from npm$/.test(need) ||
      (installed === 'yes' && / from (Debian|PyPI)$/.test(need));
    console.log(`${wrong ? 'skipped, which is a failure' : 'skipped'}: ${fullName}`);
    if (wrong) failed += 1;
  }
}
if (report.numPassedTests === 0 && failed === 0) failed = 1;
console.log(`${report.numPassedTests} ${failed}`);
