import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';

/** Debian's. */
const program = '/usr/bin/chromium';

export const hasChromium = existsSync(program);

export interface Browser {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * A browser that reaches this machine alone.
 * @param hosts names that lead to 127.0.0.1, as a hostile name server would answer
 */
export async function openBrowser(hosts: readonly string[] = []): Promise<Browser> {
  const folder = await mkdtemp(join(tmpdir(), 'crowsnest-browser-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: program,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(', ')}`,
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
