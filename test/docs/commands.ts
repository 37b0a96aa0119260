/** What a page tells its reader to type. */
export interface Block {
  /** The line of the page on which the block begins. */
  readonly line: number;
  readonly commands: readonly Command[];
  /** Why the block is not run, if it is not. */
  readonly skip?: string;
  /** A program that the block cannot do without. */
  readonly needs?: string;
}

export interface Command {
  readonly text: string;
  /**
   * The last status that the comment behind the command promises: the command is repeated until it is told.
   */
  readonly until?: string;
  /** What the comment says that the answer holds. */
  readonly tells?: string;
}

const marker = /^<!-- follow: (skip|needs) (.*) -->$/;

/**
 * The shell blocks of a page, fenced with `sh`, in their order. A comment above a block says what a reader
 * knows: `follow: skip (reason)` for what cannot be run here, `follow: needs PROGRAM` for what is run where
 * that program is.
 */
export function blocksOf(page: string): Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (!/^\s*```sh\s*$/.test(lines[at] ?? '')) continue;
    const first = at + 1;
    const above = lines.slice(0, at).findLast((line) => line.trim() !== '') ?? '';
    const [, kind, words = ''] = marker.exec(above.trim()) ?? [];
    const end = lines.findIndex((line, index) => index >= first && line.trim() === '```');
    const indent = /^\s*/.exec(lines[at] ?? '')?.[0].length ?? 0;
    blocks.push({
      line: first,
      commands: commandsOf(lines.slice(first, end).map((line) => line.slice(indent))),
      ...(kind === 'skip' && { skip: words.replace(/^\(|\)$/g, '') }),
      ...(kind === 'needs' && { needs: words }),
    });
    at = end;
  }
  return blocks;
}

/** A command goes on while its lines end with a backslash. */
function commandsOf(lines: readonly string[]): Command[] {
  const commands: Command[] = [];
  let open = '';
  for (const line of lines) {
    open += open === '' ? line : `\n${line}`;
    if (line.endsWith('\\')) continue;
    const command = commandOf(open);
    if (command.text !== '') commands.push(command);
    open = '';
  }
  return commands;
}

function commandOf(line: string): Command {
  const [, text = '', comment = ''] = /^(.*?)(?:(?:^|\s+)#\s+(.*))?$/s.exec(line) ?? [];
  const until = comment.match(/\b[A-Z]+(?:_[A-Z]+)*ED\b|\b[A-Z]+_COMPLETE\b/g)?.at(-1);
  const [tells] = /^\{.*?\}/.exec(comment) ?? [];
  return {
    text: text.trim(),
    ...(until !== undefined && { until }),
    ...(tells !== undefined && { tells }),
  };
}
