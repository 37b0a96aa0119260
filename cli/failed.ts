/**
 * A command could not do what it was told, for a reason that its user can put right; the message says how.
 */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
