import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

type Given<O extends Options> = ReturnType<
  typeof parseArgs<{ readonly options: O; readonly allowPositionals: true }>
>;

/**
 * The words behind a script of `npm run`. Where `--help` is among them it prints what the script does, and
 * ends the process; words that mean nothing to it end the process with 2.
 * @param text how the script is called, and what it does
 * @param most how many words it takes that are no options
 */
export function usage<const O extends Options>(text: string, options: O = {} as O, most = 0): Given<O> {
  try {
    const help = { help: { type: 'boolean', short: 'h' } } as const;
    const given = parseArgs({ options: { ...options, ...help }, allowPositionals: true });
    if ('help' in given.values && given.values.help === true) {
      console.log(text);
      process.exit(0);
    }
    const [over] = given.positionals.slice(most);
    if (over !== undefined) throw new TypeError(`Unexpected argument '${over}'.`);
    return given;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${text}`);
    process.exit(2);
  }
}

/** From here on a failure that a user can put right, as a folder that is a file, is told without a trace. */
export function tellFailures(): void {
  process.once('uncaughtException', (error) => {
    console.error(messageOf(error));
    process.exit(1);
  });
}

/** A plain Error is one that somebody foresaw, or the system's; every other class is a fault of the code. */
const messageOf = (error: unknown): unknown =>
  error instanceof Error && error.constructor === Error ? error.message : error;
