import { resourceFacts, tableFacts } from "@coracle/shared/api/facts";
import { type KubernetesObject, type ResourceName, resources } from "@coracle/shared/api/resources";
import { describe, expect, it } from "vitest";
import { decodeObject } from "../encoding/decode.ts";
import type { ResourceBehaviour } from "../registry/strategy.ts";
import { behaviours } from "./behaviours.ts";

const names = Object.keys(behaviours) as ResourceName[];
const behaviourOf = (name: ResourceName) =>
  behaviours[name] as unknown as ResourceBehaviour<KubernetesObject>;

function emptyObject(name: ResourceName): KubernetesObject {
  const row = resources[name];
  const body = Buffer.from(JSON.stringify({ metadata: { name: "x" } }));
  const { object } = decodeObject(body, "application/json", row, "Ignore");
  behaviourOf(name).setDefaults(object);
  return object;
}

describe.each(names)("%s", (name) => {
  const { group, plural, version } = resources[name];

  it("fills every column of its table, even when the object is empty", () => {
    const columns =
      behaviourOf(name).columns ??
      tableFacts[`${plural}.${version}${group === "" ? "" : `.${group}`}`];
    const cells = behaviourOf(name).cells(emptyObject(name), Date.UTC(2026, 0, 1));
    // Upstream gives the age of an IPAddress, but has no column for it.
    const extra = name === "ipaddresses.networking.k8s.io" ? 1 : 0;
    expect(cells).toHaveLength((columns?.length ?? -1) + extra);
    expect(cells).not.toContain(undefined);
  });

  it("gives values only for fields by which upstream selects", () => {
    const fact = resourceFacts.find(
      (row) => row.resource === plural && (row.group ?? "") === group && row.version === version,
    );
    const own = Object.keys(behaviourOf(name).selectableFields?.(emptyObject(name)) ?? {});
    expect(fact?.fieldSelectors ?? []).toEqual(expect.arrayContaining(own));
  });

  it("sets its defaults once and for all", () => {
    const object = emptyObject(name);
    const before = structuredClone(object);
    behaviourOf(name).setDefaults(object);
    expect(object).toEqual(before);
  });

  it("refuses a name that is no path segment", () => {
    expect(behaviourOf(name).validateName("a/b")).not.toEqual([]);
  });
});
