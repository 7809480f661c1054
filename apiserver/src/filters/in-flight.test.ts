import { describe, expect, test } from "vitest";
import { InFlight } from "./in-flight.ts";
import { requestInfo } from "./request-info.ts";

const user = (...groups: string[]) => ({ name: "u", uid: "", groups });
const somebody = user("system:authenticated");
const info = (method: string, path = "/api/v1/pods") =>
  requestInfo(method, path, new URLSearchParams());

describe("requests in flight", () => {
  test("reads and writes have a limit each", () => {
    const inFlight = new InFlight({ readMax: 2, writeMax: 1 });
    const first = inFlight.enter(somebody, info("GET"));
    expect(inFlight.enter(somebody, info("HEAD"))).toBeDefined();
    expect(inFlight.enter(somebody, info("GET"))).toBeUndefined();
    expect(inFlight.enter(somebody, info("POST"))).toBeDefined();
    expect(inFlight.enter(somebody, info("DELETE"))).toBeUndefined();
    first?.();
    expect(inFlight.enter(somebody, info("GET"))).toBeDefined();
    expect(inFlight.enter(somebody, info("GET"))).toBeUndefined();
  });

  test("administrators are not held up, and take no place either", () => {
    const inFlight = new InFlight({ writeMax: 1 });
    const place = inFlight.enter(somebody, info("PUT"));
    const leave = inFlight.enter(user("system:masters"), info("PUT"));
    expect(leave).toBeDefined();
    leave?.();
    expect(inFlight.enter(somebody, info("PUT"))).toBeUndefined();
    place?.();
    expect(inFlight.enter(somebody, info("PUT"))).toBeDefined();
  });

  test("0 is no limit", () => {
    const inFlight = new InFlight({ readMax: 0, writeMax: 0 });
    for (let i = 0; i < 1000; i++) expect(inFlight.enter(somebody, info("GET"))).toBeDefined();
  });

  test("other paths count as what their method is", () => {
    const inFlight = new InFlight({ readMax: 1 });
    expect(inFlight.enter(somebody, info("GET", "/version"))).toBeDefined();
    expect(inFlight.enter(somebody, info("GET", "/version"))).toBeUndefined();
  });
});
