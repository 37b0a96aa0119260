// A folder of the run's own in the place of the machine's temporary folder, and nothing of it left afterwards,
// whatever a test that failed or was killed did not remove.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'crowsnest-tests-'));
  chmodSync(folder, 0o755); // tests of what other users may read must not be decided here
  process.env['TMPDIR'] = folder; // workers, and what they start, inherit it
  globalThis.crowsnestTemporaryFolder = folder;
}

export function tearDown() {
  rmSync(globalThis.crowsnestTemporaryFolder, { recursive: true, force: true });
}
