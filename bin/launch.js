// The programs are TypeScript that Node 24 runs as it is: the user's own, on whatever platform, or the one
// that npm installs beside them where there is one. This file is for any Node that might start it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const needed = 24;
const installed = fileURLToPath(
  new URL(`../node_modules/.bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
);

/**
 * Loads a program, in this process if it is new enough, and otherwise in one of the Node that npm installed.
 * Without either it says what to do, and the exit code is 1.
 * @param {string} program an absolute path
 * @param {readonly string[]} args what the program finds behind its own name
 * @returns {Promise<object | undefined>} what the program exports, if it was loaded here
 */
export async function launch(program, args) {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major >= needed) {
    process.argv.splice(1, process.argv.length, program, ...args);
    return import(pathToFileURL(program).href);
  }
  if (existsSync(installed)) passOn(program, args);
  else {
    console.error(
      `Crowsnest needs Node ${needed}; this is ${process.version}, and none is installed in node_modules. ` +
        `Run "npm install" here, or use Node ${needed}.`,
    );
    process.exitCode = 1;
  }
  return undefined;
}

/** Signals reach the other process, and its end is this one's. */
function passOn(program, args) {
  const child = spawn(installed, ['--disable-warning=ExperimentalWarning', program, ...args], {
    stdio: 'inherit',
  });
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
}
