#!/usr/bin/env node
// The commands are TypeScript that Node 24 runs as it is. An older Node starts them with the Node that npm
// installed beside them.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major = 0] = process.versions.node.split('.').map(Number);
const program = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const installed = fileURLToPath(
  new URL(`../node_modules/.bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
);

if (major >= 24) {
  const { run } = await import('../cli/main.ts');
  await run(process.argv);
} else if (existsSync(installed)) {
  const child = spawn(
    installed,
    ['--disable-warning=ExperimentalWarning', program, ...process.argv.slice(2)],
    { stdio: 'inherit' },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
  child.on('error', (error) => {
    console.error(`${installed} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
} else {
  console.error(
    `Crowsnest needs Node 24; this is ${process.version}, and none is installed in node_modules. Run "npm install" here, or use Node 24.`,
  );
  process.exitCode = 1;
}
