import { buildBundles, reportOf } from '../lib/bundles.ts';
import { usage } from './usage.ts';

usage('npm run bundle: bundles the functions into dist/, and says how large each is and of what.');

// Bundles the functions and says how large each is, and of what.
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(0).padStart(6)} KB`;

for (const { name, bytes, contents } of reportOf(buildBundles())) {
  console.log(`${kilobytes(bytes)}  ${name}`);
  for (const [source, part] of contents.slice(0, 8)) console.log(`    ${kilobytes(part)}  ${source}`);
}
