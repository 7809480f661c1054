import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { Incoming } from "./incoming.ts";

function made() {
  const socket = new EventEmitter();
  const stopping = new AbortController();
  const given = { raw: { socket, headers: {} } as unknown as IncomingMessage, timeoutMs: 1 };
  const incoming = new Incoming({
    ...({} as ConstructorParameters<typeof Incoming>[0]),
    ...given,
    stopping: stopping.signal,
  });
  return { socket, stopping, incoming };
}

describe("an incoming request's signal", () => {
  it("tells that the client is gone", () => {
    const { socket, incoming } = made();
    const { signal } = incoming;
    socket.emit("close");
    expect(signal.aborted).toBe(true);
  });

  it("tells that the server stops", () => {
    const { stopping, incoming } = made();
    const { signal } = incoming;
    stopping.abort();
    expect(signal.aborted).toBe(true);
  });

  it("leaves nothing on a connection that stays, when the request is done with", () => {
    const { socket, stopping, incoming } = made();
    const { signal } = incoming;
    expect(socket.listenerCount("close")).toBe(1);
    incoming.release();
    expect(socket.listenerCount("close")).toBe(0);
    stopping.abort();
    expect(signal.aborted).toBe(false);
  });
});
