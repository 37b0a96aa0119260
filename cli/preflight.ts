import { Command, InvalidArgumentError } from 'commander';

type Context = Readonly<Record<string, string>>;

/** `stage=dev`, as the CDK takes it. */
function contextPair(text: string, before: Context = {}): Context {
  const [, key, value] = /^([a-z]+)=(.+)$/.exec(text) ?? [];
  if (key === undefined || value === undefined || !['stage', 'config'].includes(key))
    throw new InvalidArgumentError('It must be stage=dev|staging|prod or config=<file>.');
  return { ...before, [key]: value };
}

export function preflightCommand(): Command {
  return new Command('preflight')
    .description(
      'look for what would fail in an AWS account, before anything is deployed: reads only, and says ' +
        'what to do',
    )
    .requiredOption('-c, --context <key=value>', 'stage=dev, and config=<file> if it is another', contextPair)
    .option('--json', 'print the findings as JSON')
    .action(async ({ context, json = false }: { readonly context: Context; readonly json?: boolean }) => {
      // it loads clients of AWS's services, which no other command needs
      const { preflight, print } = await import('./preflight/run.ts');
      const { look, findings } = await preflight(context);
      const bad = findings.filter(({ outcome }) => outcome === 'failed').length;
      if (json)
        console.log(
          JSON.stringify({ stage: look.stage, region: look.caller.region, findings }, undefined, 2),
        );
      else print(look, findings, bad);
      if (bad > 0) process.exitCode = 1;
    });
}
