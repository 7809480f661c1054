// Every row of testdata/recorded-*.json is a request and what a kube-apiserver 1.36.3 answered to it (dryRun=All): the object
// with its defaults and the warnings, or the causes of the refusal. System metadata is left out.
import { type KubernetesObject, type ResourceName, resources } from "@coracle/shared/api/resources";
import { invalid, StatusError } from "@coracle/shared/machinery/status-error";
import { seededRandom } from "@coracle/shared/runtime/random";
import { describe, expect, it } from "vitest";
import { decodeObject } from "../encoding/decode.ts";
import type { RequestContext, ResourceBehaviour } from "../registry/strategy.ts";
import { behaviours } from "./behaviours.ts";
import { allocateServiceAddresses } from "./core/service-addresses.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./metadata-validation.ts";
import apps from "./testdata/recorded-apps.json" with { type: "json" };
import core from "./testdata/recorded-core.json" with { type: "json" };
import services from "./testdata/recorded-services.json" with { type: "json" };

interface Row {
  resource: ResourceName;
  subresource?: string;
  create?: object;
  old?: object;
  /** A merge patch on `old`. */
  update?: object;
  expected: { object?: object; warnings?: string[]; causes?: string[][] };
}

type AnyBehaviour = ResourceBehaviour<KubernetesObject>;

const context: RequestContext = { now: 0, user: { name: "test", groups: [] }, apiVersion: "v1" };
const behaviourOf = (name: ResourceName) => behaviours[name] as unknown as AnyBehaviour;
const dryRun = { random: seededRandom(1), dryRun: true };

function decoded(name: ResourceName, body: object): KubernetesObject {
  const row = resources[name];
  const text = JSON.stringify({ kind: row.kind, ...body });
  const { object } = decodeObject(Buffer.from(text), "application/json", row, "Ignore");
  behaviourOf(name).setDefaults(object);
  return object;
}

function allocate(name: ResourceName, object: KubernetesObject, old?: KubernetesObject): void {
  if (name !== "services") return;
  allocateServiceAddresses(object as never, [], old as never, dryRun);
}

function create(
  name: ResourceName,
  body: object,
): { object: KubernetesObject; warnings: string[] } {
  const { namespaced } = resources[name];
  const { strategy, validateName } = behaviourOf(name);
  const object = decoded(name, body);
  if (namespaced) object.metadata.namespace ||= "kinds";
  else delete object.metadata.namespace;
  allocate(name, object);
  strategy.prepareForCreate(object, context);
  const errors = [
    ...validateObjectMeta(object.metadata, namespaced, validateName),
    ...strategy.validate(object, context),
  ];
  if (errors.length > 0) throw invalid(resources[name], object.metadata.name, errors);
  return { object, warnings: strategy.warningsOnCreate?.(object) ?? [] };
}

function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}

function update(row: Row): { object: KubernetesObject; warnings: string[] } {
  const behaviour = behaviourOf(row.resource);
  const strategy = row.subresource === "status" ? behaviour.statusStrategy : behaviour.strategy;
  const old = decoded(row.resource, row.old as object);
  const object = decoded(row.resource, merged(row.old, row.update) as object);
  object.metadata.generation = old.metadata.generation;
  if (row.subresource === undefined) allocate(row.resource, object, old);
  strategy?.prepareForUpdate(object, old, context);
  const errors = [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(strategy?.validateUpdate(object, old, context) ?? []),
  ];
  if (errors.length > 0) throw invalid(resources[row.resource], object.metadata.name, errors);
  return { object, warnings: strategy?.warningsOnUpdate?.(object, old) ?? [] };
}

function outcome(row: Row): Row["expected"] {
  try {
    const { object, warnings } =
      row.create === undefined ? update(row) : create(row.resource, row.create);
    const { uid: _, resourceVersion: __, creationTimestamp: ___, ...metadata } = object.metadata;
    const plain = JSON.parse(JSON.stringify({ ...object, metadata })) as object;
    return { object: plain, ...(warnings.length > 0 ? { warnings } : {}) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const causes = error.status.details?.causes ?? [];
    return { causes: causes.map((c) => [c.field ?? "", c.reason ?? "", c.message ?? ""]) };
  }
}

/** Upstream walks maps in random order. */
const sorted = ({ causes, ...rest }: Row["expected"]): Row["expected"] =>
  causes === undefined ? rest : { causes: [...causes].sort() };

describe.each([
  ["core", core],
  ["services", services],
  ["apps", apps],
])("recorded answers: %s", (_, rows) => {
  const table = (rows as unknown as Row[]).map((row): [string, Row] => {
    const what = row.create === undefined ? `update ${row.subresource ?? ""}` : "create";
    const change = JSON.stringify(row.create ?? row.update).slice(0, 120);
    return [`${row.resource} ${what} ${change}`, row];
  });
  it.each(table)("%s", (_, row) => {
    const { object, warnings, causes } = row.expected;
    const expected = causes === undefined ? { object, ...(warnings && { warnings }) } : { causes };
    expect(sorted(outcome(row))).toEqual(sorted(expected));
  });
});
