// Pages of a list show one exact snapshot, whatever is written in between.
import type { Client } from "@coracle/shared/client/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const NAMESPACES = ["default", "kube-system"];
const NAMES = Array.from({ length: 7 }, (_, i) => `c${i}`);
const selection = { labelSelector: "paged=yes" };
let server: TestApiServer;
let client: Client;

beforeAll(async () => {
  server = await startApiServer();
  client = server.client();
  for (const namespace of NAMESPACES) {
    await Promise.all(NAMES.map((name) => make(namespace, name)));
  }
});

afterAll(async () => {
  client.close();
  await server.close();
});

const make = (namespace: string, name: string) =>
  client.for("configmaps").create({ metadata: { namespace, name, labels: { paged: "yes" } } });

async function pages(options: { namespace?: string; labelSelector?: string }): Promise<string[]> {
  const seen: string[] = [];
  let next: string | undefined;
  let version: string | undefined;
  do {
    const page = await client.for("configmaps").list({ ...options, limit: 2, continue: next });
    version ??= page.metadata.resourceVersion;
    expect(page.metadata.resourceVersion).toBe(version);
    for (const { metadata } of page.items) seen.push(`${metadata.namespace}/${metadata.name}`);
    // A write between two pages is not seen.
    await make("default", `late-${seen.length}-${version}`).catch(() => {});
    next = page.metadata.continue;
  } while (next);
  return seen.filter((name) => /\/c\d$/.test(name));
}

it("of one namespace", async () => {
  expect(await pages({ namespace: "default" })).toEqual(NAMES.map((name) => `default/${name}`));
});

it("of all namespaces, with a selector", async () => {
  const all = NAMESPACES.flatMap((namespace) => NAMES.map((name) => `${namespace}/${name}`));
  expect(await pages(selection)).toEqual(all);
});

it("says how many are left", async () => {
  const page = await client.for("configmaps").list({ namespace: "kube-system", limit: 3 });
  const { items } = await client.for("configmaps").list({ namespace: "kube-system" });
  expect(page.metadata).toMatchObject({ remainingItemCount: items.length - 3 });
});
