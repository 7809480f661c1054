// Rows of testdata/updated.json are updates of a Pod (as JSON patches of the old one) and what a kube-apiserver 1.36.3 made
// of them: the changes it stored, or the causes of its refusal.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import { expect, test } from "vitest";
import { decodeObject } from "../../../encoding/decode.ts";
import { applyJsonPatch } from "../../../patch/json-patch.ts";
import type { UpdateStrategy } from "../../../registry/strategy.ts";
import { validateObjectMetaUpdate } from "../../metadata-validation.ts";
import { admitPodUpdate } from "./admission.ts";
import { podBehaviour } from "./pod.ts";
import { ephemeralContainersStrategy, resizeStrategy } from "./subresource-strategies.ts";
import updated from "./testdata/updated.json" with { type: "json" };

interface Row {
  name: string;
  subresource: string;
  old: object;
  change: object[];
  result?: object[];
  causes?: string[];
}

const KIND = { group: "", version: "v1", kind: "Pod" };
const context = { now: 0, user: { name: "test", groups: [] }, apiVersion: "v1" };

const strategies: Readonly<Record<string, UpdateStrategy<Pod>>> = {
  "": podBehaviour.strategy,
  status: podBehaviour.statusStrategy as UpdateStrategy<Pod>,
  ephemeralcontainers: ephemeralContainersStrategy,
  resize: resizeStrategy,
};

const patched = (base: object, patch: readonly object[]): object =>
  structuredClone(applyJsonPatch(base, patch) as object);

function decodePod(input: object): Pod {
  const body = Buffer.from(JSON.stringify(input));
  const pod = decodeObject(body, "application/json", KIND, "Ignore").object as unknown as Pod;
  podBehaviour.setDefaults(pod);
  pod.metadata.resourceVersion = "1";
  return pod;
}

test.each((updated as Row[]).map((row) => [`${row.subresource} ${row.name}`, row] as const))(
  "%s",
  (_, row) => {
    const strategy = strategies[row.subresource] as UpdateStrategy<Pod>;
    const old = decodePod(row.old);
    const pod = decodePod(patched(row.old, row.change));
    if (row.subresource === "") admitPodUpdate(pod, old);
    strategy.prepareForUpdate(pod, old, context);
    const errors = [
      ...validateObjectMetaUpdate(pod.metadata, old.metadata),
      ...strategy.validateUpdate(pod, old, context),
    ];
    expect(errors.map((e) => `${e.field}: ${e.type}: ${e.message}`)).toEqual(row.causes ?? []);
    if (row.result !== undefined) expect(pod).toEqual(decodePod(patched(row.old, row.result)));
  },
);
