// Why a container could not be started: the reason becomes its waiting state's, the message too.

export class StartError extends Error {
  readonly reason: string;
  /** When it is worth trying again; undefined: at the next sync. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "StartError";
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
