import { describe, expect, it } from "vitest";
import { Health } from "./health.ts";

const query = (text = "") => new URLSearchParams(text);
let failure: string | undefined;
const health = new Health([
  { name: "ping", failure: () => undefined },
  { name: "late", failure: () => failure, readyOnly: true },
]);

describe("Health", () => {
  it("is ok in one word, or check by check", () => {
    failure = undefined;
    expect(health.handle("/readyz", query())).toMatchObject({ code: 200, body: "ok" });
    expect(health.handle("/readyz", query("verbose"))?.body).toBe(
      "[+]ping ok\n[+]late ok\nreadyz check passed\n",
    );
    expect(health.handle("/livez/ping", query())).toMatchObject({ code: 200, body: "ok" });
  });

  it("names what fails; a server that is not ready is alive all the same", () => {
    failure = "not finished";
    expect(health.handle("/readyz", query())).toMatchObject({
      code: 500,
      body: "[+]ping ok\n[-]late failed: not finished\nreadyz check failed\n",
    });
    expect(health.handle("/readyz", query("exclude=late"))?.code).toBe(200);
    expect(health.handle("/readyz/late", query())?.code).toBe(500);
    expect(health.handle("/livez", query())?.code).toBe(200);
  });

  it("leaves other paths alone", () => {
    expect(health.handle("/metrics", query())).toBeUndefined();
    expect(health.handle("/healthz/nothing", query())).toBeUndefined();
  });
});
