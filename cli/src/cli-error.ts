/** A failure that the user can act on: its message is printed as one line, without a stack, and the exit code is 1. */
export class CliError extends Error {
  override readonly name = "CliError";
}
