import { describe, expect, it } from "vitest";
import type { KubernetesObject } from "../api/resources.ts";
import type { InformerHandlers } from "../cache/informer.ts";
import { Store } from "../cache/store.ts";
import { SimulatedClock } from "../runtime/clock.ts";
import type { ControllerContext } from "./controller.ts";
import { Expectations } from "./expectations.ts";
import { ownedHandlers } from "./owned-handlers.ts";

type Owner = KubernetesObject & { spec: unknown };

const metadata = (name: string) => ({
  name,
  namespace: "n",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "",
});
const owner = (name: string, app: string): Owner => ({
  metadata: metadata(name),
  spec: { selector: { matchLabels: { app } } },
});

interface Facts {
  by?: string;
  uid?: string;
  app?: string;
  deleting?: boolean;
  kind?: string;
}

const child = ({ by, uid, app = "x", deleting, kind = "ReplicaSet" }: Facts): KubernetesObject => ({
  metadata: {
    ...metadata("child"),
    labels: { app },
    deletionTimestamp: deleting ? "2026-01-01T00:00:00Z" : undefined,
    ownerReferences: by
      ? [{ apiVersion: "apps/v1", kind, name: by, uid: uid ?? `uid-${by}`, controller: true }]
      : undefined,
  },
});

/** Keys that the action wakes, and whether the deletion that `a` expects is settled. */
function wakes(action: (handlers: InformerHandlers<KubernetesObject>) => void) {
  const keys: string[] = [];
  const expectations = new Expectations(new SimulatedClock());
  const owners = new Store<Owner>();
  for (const one of [owner("a", "x"), owner("b", "y")]) owners.set(one);
  const context = {
    lister: () => owners,
    expectations,
    enqueue: (key: string) => keys.push(key),
  } as unknown as ControllerContext;
  expectations.expectCreations("n/a", 1);
  expectations.expectDeletions("n/a", ["uid-child"]);
  action(ownedHandlers("replicasets.apps", context));
  expectations.creationObserved("n/a");
  const deletionSettled = expectations.satisfied("n/a");
  return { keys, deletionSettled };
}

describe("ownedHandlers", () => {
  it.each<[string, Facts, string[]]>([
    ["a child wakes its owner", { by: "a" }, ["n/a"]],
    ["a child of an owner of that name that is gone wakes nobody", { by: "a", uid: "old" }, []],
    ["a child of another kind wakes nobody", { by: "a", kind: "Job" }, []],
    ["an orphan wakes those that select it", { app: "y" }, ["n/b"]],
    ["an orphan being deleted wakes nobody", { app: "y", deleting: true }, []],
  ])("%s", (_name, facts, keys) => {
    expect(wakes(({ onAdd }) => onAdd?.(child(facts))).keys).toEqual(keys);
  });

  it.each<[string, Facts, Facts, string[]]>([
    ["both owners, when it changes hands", { by: "a" }, { by: "b" }, ["n/a", "n/b"]],
    ["old owner and possible ones, when released", { by: "a" }, { app: "y" }, ["n/a", "n/b"]],
    ["possible owners, when an orphan's labels change", { app: "z" }, { app: "x" }, ["n/a"]],
    ["nobody, when an orphan changes otherwise", { app: "x" }, { app: "x" }, []],
  ])("an update wakes %s", (_name, before, after, keys) => {
    expect(wakes(({ onUpdate }) => onUpdate?.(child(before), child(after))).keys).toEqual(keys);
  });

  it("settles the expected deletion when it begins and when it ends", () => {
    const leaving = child({ by: "a", deleting: true });
    const begins = wakes(({ onUpdate }) => onUpdate?.(child({ by: "a" }), leaving));
    expect(begins).toEqual({ keys: ["n/a"], deletionSettled: true });
    const ends = wakes(({ onDelete }) => onDelete?.(child({ by: "a" })));
    expect(ends).toEqual({ keys: ["n/a"], deletionSettled: true });
    expect(wakes(({ onAdd }) => onAdd?.(child({ by: "a" }))).deletionSettled).toBe(false);
  });
});
