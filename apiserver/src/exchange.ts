// One request and its answer: a place among those in flight, the time that it may take, and every error as a Status.
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  badRequest,
  internalError,
  StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";
import type { Clock, Timer } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { InFlight } from "./filters/in-flight.ts";
import { timedOut } from "./filters/request-timeout.ts";
import type { ChunkedReply, Handled, Reply } from "./handlers/api-request.ts";
import type { RequestMetrics } from "./handlers/request-metrics.ts";
import { respondError } from "./handlers/respond.ts";
import { sendReply } from "./handlers/send-reply.ts";
import { admitRequest, type ChainDependencies, type Incoming } from "./incoming.ts";
import {
  StorageClosedError,
  StorageReadOnlyError,
  StorageUnavailableError,
} from "./storage/storage.ts";

export interface ExchangeDependencies extends ChainDependencies {
  clock: Clock;
  logger: Logger;
  inFlight: InFlight;
  requestMetrics: RequestMetrics;
  answer(incoming: Incoming): Handled | Promise<Handled>;
}

const tooManyRequests: Reply = {
  code: 429,
  contentType: "text/plain; charset=utf-8",
  body: "Too many requests, please try again later.\n",
  headers: { "retry-after": "1", "x-content-type-options": "nosniff" },
};

export function exchange(
  raw: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  dependencies: ExchangeDependencies,
): void {
  const { clock } = dependencies;
  const startedAt = clock.monotonic();
  let incoming: Incoming;
  try {
    incoming = admitRequest(raw, body, dependencies);
  } catch (error) {
    refuse(raw, response, error, dependencies);
    return;
  }
  if (incoming.timeoutMs === Number.POSITIVE_INFINITY) {
    new Exchange(incoming, response, startedAt, dependencies).run();
    return;
  }
  const leave = dependencies.inFlight.enter(incoming.user, incoming.info);
  if (leave === undefined) {
    new Exchange(incoming, response, startedAt, dependencies).run(tooManyRequests);
  } else new Exchange(incoming, response, startedAt, dependencies, leave).run();
}

/** What the chain refuses before there is a request. */
function refuse(
  raw: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  { logger, requestMetrics }: ExchangeDependencies,
): void {
  const answer = respondError(undefined, asStatusError(error, logger, raw.url ?? ""));
  requestMetrics.observe(undefined, answer.code, 0);
  void sendReply(raw, response, answer, []);
}

class Exchange {
  readonly #incoming: Incoming;
  readonly #response: ServerResponse;
  readonly #startedAt: number;
  readonly #dependencies: ExchangeDependencies;
  readonly #leave: (() => void) | undefined;
  #timer: Timer | undefined;
  #isAnswered = false;

  constructor(
    incoming: Incoming,
    response: ServerResponse,
    startedAt: number,
    dependencies: ExchangeDependencies,
    leave?: () => void,
  ) {
    this.#incoming = incoming;
    this.#response = response;
    this.#startedAt = startedAt;
    this.#dependencies = dependencies;
    this.#leave = leave;
  }

  /** `refusal`: the answer of a filter. */
  run(refusal?: Reply): void {
    if (refusal !== undefined) {
      this.#give(refusal);
      return;
    }
    let handled: Handled | Promise<Handled>;
    try {
      handled = this.#dependencies.answer(this.#incoming);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (handled instanceof Promise) {
      this.#watchTime();
      handled.then(
        (answer) => this.#finish(answer),
        (error: unknown) => this.#fail(error),
      );
    } else this.#finish(handled);
  }

  /** What comes after its time is not told, even when the timer was slower. */
  #finish(answer: Handled): void {
    this.#give(this.#isLate() ? timedOut : answer);
  }

  #isLate(): boolean {
    const { clock } = this.#dependencies;
    return clock.monotonic() - this.#startedAt > this.#incoming.timeoutMs;
  }

  #watchTime(): void {
    const { timeoutMs } = this.#incoming;
    if (timeoutMs === Number.POSITIVE_INFINITY || this.#timer !== undefined) return;
    this.#timer = this.#dependencies.clock.setTimer(timeoutMs, () => {
      if (this.#isAnswered) this.#response.destroy();
      else void this.#reply(timedOut);
    });
  }

  /** The handler is done: its place is free. What it says is too late where there was an answer before. */
  #end(): void {
    this.#timer?.cancel();
    this.#incoming.release();
    this.#leave?.();
  }

  #give(answer: Handled): void {
    if (this.#isAnswered) {
      this.#end();
      return;
    }
    if (!("stream" in answer)) {
      const sent = this.#reply(answer);
      if (sent === undefined) this.#end();
      else {
        this.#watchTime(); // a client may be slow to take it
        void sent.finally(() => this.#end());
      }
      return;
    }
    this.#observe(200);
    answer
      .stream(this.#response)
      .catch((error: unknown) => {
        const status = asStatusError(error, this.#dependencies.logger, this.#url);
        if (this.#response.headersSent) this.#response.destroy();
        else void this.#send(respondError(this.#incoming, status));
      })
      .finally(() => this.#end());
  }

  #fail(error: unknown): void {
    const status = asStatusError(error, this.#dependencies.logger, this.#url);
    this.#finish(respondError(this.#incoming, status));
  }

  /** Undefined when all is written. */
  #reply(answer: Reply | ChunkedReply): Promise<void> | undefined {
    this.#observe(answer.code);
    return this.#send(answer);
  }

  #observe(code: number): void {
    this.#isAnswered = true;
    const { requestMetrics, clock } = this.#dependencies;
    requestMetrics.observe(this.#incoming, code, clock.monotonic() - this.#startedAt);
  }

  #send(answer: Reply | ChunkedReply): Promise<void> | undefined {
    const { raw, warnings } = this.#incoming;
    try {
      return sendReply(raw, this.#response, answer, warnings)?.catch((error: unknown) => {
        this.#dependencies.logger.debug({ url: this.#url, err: error }, "a reply was cut off");
        this.#response.destroy();
      });
    } catch (error) {
      this.#dependencies.logger.error({ url: this.#url, err: error }, "a reply cannot be sent");
      this.#response.destroy();
      return undefined;
    }
  }

  get #url(): string {
    return this.#incoming.raw.url ?? "";
  }
}

const isTooDeep = (error: unknown): boolean =>
  error instanceof RangeError && error.message === "Maximum call stack size exceeded";

/** Anything that is no StatusError is a bug of ours or a failed disk: 500, and its cause in the log. */
export function asStatusError(error: unknown, logger: Logger, url: string): StatusError {
  if (error instanceof StatusError) return error;
  // A document nested so deeply that a walk over it ran out of stack. Nothing is written by then.
  if (isTooDeep(error)) return badRequest("exceeded max depth");
  if (error instanceof StorageUnavailableError) {
    logger.warn({ url, reason: error.message }, "the store did not answer");
    // Who is told to come back would take its own write, if it was done, for that of somebody else.
    const details = error.mayBeDone ? undefined : { retryAfterSeconds: 1 };
    return statusError("ServiceUnavailable", error.message, details);
  }
  if (error instanceof StorageReadOnlyError || error instanceof StorageClosedError) {
    logger.error({ url, err: error }, "the store refused a request");
    return statusError("ServiceUnavailable", error.message);
  }
  logger.error({ url, err: error }, "request failed");
  return internalError(error instanceof Error ? error.message : String(error));
}
