/**
 * What a script of `npm run` says of itself: prints it and ends the process where `--help` was asked for.
 * @param text how the script is called, and what it does
 */
export function usage(text: string): void {
  if (!process.argv.slice(2).some((word) => word === '--help' || word === '-h')) return;
  console.log(text);
  process.exit(0);
}
