import { region } from './emulator.ts';
import type { User } from './account.ts';
import type { Deployment, Outputs } from './deployment.ts';

/** Runs the commands that docs/deploying.md shows as the smoke test, and holds what they print against what it says. */
export async function smokeTest(deployment: Deployment, outputs: Outputs, caller: User): Promise<string> {
  const text = await deployment.project.document('deploying.md');
  const [, block] = /\*\*Smoke test\*\*[\s\S]*?```sh\n([\s\S]*?)```/.exec(text) ?? [];
  if (block === undefined) throw new Error('docs/deploying.md shows no smoke test.');
  const commands = block
    .replaceAll('<Endpoint>', deployment.endpoint(outputs))
    .replaceAll('eu-west-1', region)
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((command) => command.trim())
    .filter((command) => command !== '');
  for (const line of commands) {
    const [command = '', says = ''] = line.split(/\s+# /);
    const printed = await deployment.run(caller, 'bash', '-c', command);
    for (const word of says.split(',').map((each) => each.split(':')[0]?.trim() ?? '')) {
      const expected = word.startsWith('{') ? says.trim() : word;
      if (!printed.includes(expected)) throw new Error(`${command}\nprinted no ${expected}:\n${printed}`);
    }
  }
  return `${commands.length} commands`;
}
