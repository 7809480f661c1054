import type { Random } from "@coracle/shared/runtime/random";
import { expect, test } from "vitest";
import { createBootstrapObjects } from "./bootstrap.ts";
import type { ResourceTable } from "./registry/resource-table.ts";
import type { Compare, Operation, Storage } from "./storage/storage.ts";

const options = { securePort: 6443, now: Date.UTC(2026, 0, 1) };
let next = 0;
const random = { uuid: () => `uid-${next++}` } as Random;

/** Of which only namespaces and roles are served, and the cache knows of `known`. */
const tableWith = (known: readonly string[]) =>
  ({
    find: (_group: string, _version: string, plural: string) =>
      ["namespaces", "roles"].includes(plural)
        ? {
            namespaced: plural === "roles",
            keyPrefix: `/registry/${plural}/`,
            cache: {
              get: (namespace: string, name: string) =>
                known.includes(`${namespace}/${name}`) ? {} : undefined,
            },
          }
        : undefined,
  }) as unknown as ResourceTable;

/** In which the keys of `others` appear just before the first transaction. */
function storeWith(others: readonly string[] = []) {
  const values = new Map<string, Buffer>();
  const calls: number[] = [];
  const transaction = (compares: readonly Compare[], operations: readonly Operation[]) => {
    calls.push(operations.length);
    for (const key of others) values.set(key, values.get(key) ?? Buffer.from("theirs"));
    const current = compares.map(({ key }) => {
      const value = values.get(key);
      return value && { key, value, revision: 1, createRevision: 1 };
    });
    const revision = 2;
    if (current.some((row) => row !== undefined)) return { succeeded: false, revision, current };
    for (const put of operations) if (put.type === "put") values.set(put.key, put.value);
    return { succeeded: true, revision };
  };
  return { values, calls, storage: { transaction } as unknown as Storage };
}

test("a fresh store is filled in one transaction; kinds that are not served are left out", async () => {
  const { values, calls, storage } = storeWith();
  await createBootstrapObjects({ storage, resources: tableWith([]), random }, options);
  expect(calls).toEqual([11]);
  const key = "/registry/roles/kube-public/system:controller:bootstrap-signer";
  const role = JSON.parse(values.get(key)?.toString() ?? "{}");
  expect(role).toMatchObject({ kind: "Role", apiVersion: "rbac.authorization.k8s.io/v1" });
  expect(role.metadata.creationTimestamp).toBe("2026-01-01T00:00:00Z");
  expect(role.metadata.managedFields[0].time).toBe("2026-01-01T00:00:00Z");
  const uids = [...values.values()].map((value) => JSON.parse(value.toString()).metadata.uid);
  expect(new Set(uids).size).toBe(11);
});

test("what is there already is not written again", async () => {
  const { calls, storage } = storeWith();
  const known = ["/default", "/kube-system", "/kube-public"];
  await createBootstrapObjects({ storage, resources: tableWith(known), random }, options);
  expect(calls).toEqual([8]);
});

test("another server that fills the store at the same time keeps what it wrote", async () => {
  const theirs = ["/registry/namespaces/default", "/registry/namespaces/kube-system"];
  const { values, calls, storage } = storeWith(theirs);
  await createBootstrapObjects({ storage, resources: tableWith([]), random }, options);
  expect(calls).toEqual([11, 9]);
  expect(values.size).toBe(11);
  for (const key of theirs) expect(values.get(key)?.toString()).toBe("theirs");
});
