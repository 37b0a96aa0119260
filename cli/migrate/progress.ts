/** Told often, shown on one line of a terminal; elsewhere only the end of it is worth a line. */
export const progressOn =
  (stream: NodeJS.WriteStream) =>
  (text: string, last: boolean): void => {
    if (stream.isTTY) stream.write(`\r${text}${last ? '\n' : ''}`);
    else if (last) stream.write(`${text}\n`);
  };
