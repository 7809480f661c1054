import { typeNameOf } from "@coracle/shared/api/facts";
import { apiVersionOf, resources as rows } from "@coracle/shared/api/resources";
import { expect, test } from "vitest";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { ownershipLimits } from "../apply/reset-fields.ts";
import { decodeValue } from "../encoding/decode.ts";
import type { AnyObject } from "../registry/served-resource.ts";
import type { RequestContext, ResourceBehaviour } from "../registry/strategy.ts";
import { behaviours } from "./behaviours.ts";
import { type BootstrapObject, bootstrapObjects } from "./bootstrap-objects.ts";
import { validateObjectMeta } from "./metadata-validation.ts";

const time = "2026-01-02T03:04:05Z";
const now = Date.parse(time);
const all = bootstrapObjects({ securePort: 6443, clientCa: "PEM", now });
const nameOf = ({ resource, object }: BootstrapObject) =>
  `${resource} ${object.metadata.namespace ?? ""}/${object.metadata.name}`;

/** Members of the spec that the server adds after it has recorded who owns what the client sent. */
const ADDED: Partial<Record<BootstrapObject["resource"], string[]>> = {
  namespaces: ["finalizers"],
  services: ["clusterIPs", "ipFamilies"],
};

/** As bootstrap.ts completes it. */
function complete({ resource, object }: BootstrapObject): AnyObject {
  const row = rows[resource];
  const typed = { kind: row.kind, apiVersion: apiVersionOf(row), ...structuredClone(object) };
  for (const condition of typed.status?.conditions ?? []) condition.lastTransitionTime = time;
  return typed as unknown as AnyObject;
}

test("the set is upstream's", () => {
  const counts: Record<string, number> = {};
  for (const { resource } of all) counts[resource] = (counts[resource] ?? 0) + 1;
  expect(counts).toEqual({
    namespaces: 4,
    configmaps: 2,
    services: 1,
    "apiservices.apiregistration.k8s.io": 21,
    "clusterrolebindings.rbac.authorization.k8s.io": 50,
    "clusterroles.rbac.authorization.k8s.io": 69,
    "flowschemas.flowcontrol.apiserver.k8s.io": 11,
    "ipaddresses.networking.k8s.io": 1,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": 8,
    "priorityclasses.scheduling.k8s.io": 2,
    "rolebindings.rbac.authorization.k8s.io": 7,
    "roles.rbac.authorization.k8s.io": 7,
    "servicecidrs.networking.k8s.io": 1,
  });
  expect(new Set(all.map(nameOf)).size).toBe(all.length);
});

test.each(all.map((row) => [nameOf(row), row] as const))(
  "%s is what a client's own object would become",
  (_name, row) => {
    const { group, version, plural, kind, namespaced } = rows[row.resource];
    const object = complete(row);
    const typeName = typeNameOf(group, version, kind) as string;
    expect(decodeValue(structuredClone(object), typeName, "Strict").object).toEqual(object);

    const behaviour = behaviours[row.resource] as unknown as ResourceBehaviour<AnyObject>;
    const defaulted = structuredClone(object);
    behaviour.setDefaults(defaulted);
    expect(defaulted).toEqual(object);

    const context = {
      now,
      user: { name: "x", groups: [] },
      apiVersion: apiVersionOf(rows[row.resource]),
    };
    expect([
      ...validateObjectMeta(object.metadata, namespaced, behaviour.validateName),
      ...behaviour.strategy.validate(object, context as RequestContext),
    ]).toEqual([]);

    const [owner] = object.metadata.managedFields?.filter(({ subresource }) => !subresource) ?? [];
    const unowned = structuredClone(object);
    delete unowned.metadata.managedFields;
    for (const member of ADDED[row.resource] ?? []) {
      delete (unowned.spec as Record<string, unknown>)[member];
    }
    const { manager, apiVersion } = owner as { manager: string; apiVersion: string };
    const limits = ownershipLimits(group, plural);
    updateManagedFields(undefined, unowned, { typeName, manager, apiVersion, time, ...limits });
    expect(unowned.metadata.managedFields).toEqual([{ ...owner, time }]);
  },
);

test("the service has the port of the server, and the CA is there only when there is one", () => {
  const service = all.find(({ resource }) => resource === "services")?.object;
  expect(service).toMatchObject({ spec: { ports: [{ port: 443, targetPort: 6443 }] } });
  const again = bootstrapObjects({ securePort: 7443, now });
  expect(again.find(({ resource }) => resource === "services")?.object).toMatchObject({
    spec: { ports: [{ targetPort: 7443 }] },
  });
  expect(again).toHaveLength(all.length - 1);
});
