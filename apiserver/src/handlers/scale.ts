// The scale subresource: replicas of a Deployment or ReplicaSet seen as an autoscaling/v1 Scale.

import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { Scale } from "@coracle/shared/api/types/autoscaling-v1";
import { badRequest, invalid } from "@coracle/shared/machinery/status-error";
import { type Clock, formatTime } from "@coracle/shared/runtime/clock";
import { decodeApplied, serverSideApply } from "../apply/apply.ts";
import { updateManagedFields } from "../apply/managed-fields.ts";
import { parentManagedFields, scaleManagedFields } from "../apply/scale-fields.ts";
import { decodeApply, decodeObject, decodePatch, decodeValue } from "../encoding/decode.ts";
import { encodePartialObject, encodeTable, type TableSource } from "../encoding/table.ts";
import type { RequestInfo } from "../filters/request-info.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { ScaleMapping } from "../registry/strategy.ts";
import { age } from "../resources/age.ts";
import { validateScale } from "../resources/autoscaling/scale.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { patchTypeOf } from "./patch.ts";
import { accepted, render } from "./respond.ts";
import { targetOf } from "./target.ts";
import { managerOf, type WriteDependencies } from "./write-context.ts";

const SCALE = { group: "autoscaling", version: "v1", kind: "Scale" };
const SCALE_TYPE = "io.k8s.api.autoscaling.v1.Scale";

type ServedScale = Scale & Required<Pick<Scale, "metadata" | "spec">>;

export function scaleOf(object: AnyObject, mapping: ScaleMapping<AnyObject>): ServedScale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = mapping.specReplicas(object);
  const selector = mapping.selector(object);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: mapping.statusReplicas(object),
      ...(selector === "" ? {} : { selector }),
    },
  };
}

export async function handleScale(
  request: ApiRequest,
  resource: ServedResource,
  mapping: ScaleMapping<AnyObject>,
  { registry, clock }: WriteDependencies,
): Promise<Reply> {
  const target = targetOf(resource, request.info);
  if (request.method === "GET") {
    return respondScale(request, scaleOf(registry.current(target).object, mapping), clock);
  }
  const kind = request.method === "PUT" ? "UpdateOptions" : "PatchOptions";
  const options = writeOptions(request.query, kind);
  const write = scaleWriter(request, options, clock);
  const written = await registry.update(
    target,
    (current) => {
      const live = (current ?? registry.current(target)).object;
      const before = scaleOf(live, mapping);
      const owners = live.metadata.managedFields;
      before.metadata.managedFields = scaleManagedFields(owners, resource.apiVersion);
      const scale = write(before);
      checkScale(scale, request.info);
      const updated = structuredClone(live);
      const { metadata } = updated;
      // The version is a precondition only where the client named one; in what it patched it is the live one.
      metadata.resourceVersion = scale.metadata.resourceVersion ?? "";
      if (scale.metadata.uid) metadata.uid = scale.metadata.uid;
      mapping.setSpecReplicas(updated, scale.spec.replicas ?? 0);
      const scalers = scale.metadata.managedFields;
      metadata.managedFields = parentManagedFields(owners, scalers, resource.apiVersion);
      return updated;
    },
    { user: request.user, dryRun: options.dryRun, isReplacement: request.method === "PUT" },
  );
  const object = JSON.parse(written.bytes.toString()) as AnyObject;
  return respondScale(request, scaleOf(object, mapping), clock);
}

const column = (name: string, type = "string") => ({ name, type, format: "", priority: 0 });

const scaleTable: TableSource<KubernetesObject> = {
  fact: { ...SCALE, resource: "scales" },
  behaviour: {
    columns: [
      column("Name"),
      column("Desired", "integer"),
      column("Available", "integer"),
      column("Age"),
    ],
    cells: (object, now) => {
      const { metadata, spec, status } = asScale(object);
      const { name, creationTimestamp } = metadata;
      return [name, spec.replicas ?? 0, status?.replicas ?? 0, age(creationTimestamp, now)];
    },
  },
};

function respondScale(request: ApiRequest, scale: ServedScale, clock: Clock): Reply {
  const wanted = accepted(request);
  if (wanted.as === "table") {
    const table = encodeTable({
      resource: scaleTable,
      objects: [asObject(scale)],
      now: clock.now(),
      includeObject: request.query.get("includeObject") ?? "Metadata",
      metadata: { resourceVersion: scale.metadata.resourceVersion },
      version: wanted.version,
    });
    return render(wanted, table);
  }
  return render(
    wanted,
    wanted.as === "partial" ? encodePartialObject(asObject(scale), wanted.version) : scale,
  );
}

/** Makes the Scale that the client wants, its owners recorded, from the live one. */
function scaleWriter(
  request: ApiRequest,
  options: WriteOptions,
  clock: Clock,
): (live: ServedScale) => ServedScale {
  const { body, headers } = request;
  const { fieldValidation } = options;
  const ownership = {
    typeName: SCALE_TYPE,
    apiVersion: "autoscaling/v1",
    manager: managerOf(request, options),
    time: formatTime(clock.now()),
    subresource: "scale",
  };
  const owned = (live: ServedScale, scale: ServedScale): ServedScale => {
    updateManagedFields(asObject(live), asObject(scale), ownership);
    return scale;
  };
  if (request.method === "PUT") {
    const decoded = decodeObject(body, headers["content-type"], SCALE, fieldValidation);
    request.warnings.push(...decoded.warnings);
    return (live) => owned(live, asScale(structuredClone(decoded.object)));
  }
  const type = patchTypeOf(headers["content-type"]);
  if (type === "apply") {
    const { object } = decodeApply(body, SCALE, fieldValidation);
    const { force } = options;
    return (live) => {
      const merged = serverSideApply(asObject(live), object, { ...ownership, force });
      const decode = () => decodeValue(merged, SCALE_TYPE, "Ignore");
      return asScale(decodeApplied(object, decode).object);
    };
  }
  const { patch, strict } = decodePatch(body, type, fieldValidation);
  return (live) => {
    const value =
      type === "json"
        ? applyJsonPatch(live, patch)
        : type === "merge"
          ? applyMergePatch(live, patch)
          : applyStrategicMergePatch(live, patch, SCALE_TYPE);
    const decoded = decodeValue(value, SCALE_TYPE, fieldValidation, { type, patch, strict });
    return owned(live, asScale(decoded.object));
  };
}

const asScale = (object: KubernetesObject): ServedScale => object as unknown as ServedScale;
const asObject = (scale: ServedScale): KubernetesObject => scale as unknown as KubernetesObject;

function checkScale(scale: ServedScale, { name, namespace }: RequestInfo): void {
  const { metadata } = scale;
  if (metadata.name && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  metadata.name = name;
  metadata.namespace ||= namespace;
  const errors = validateScale(scale);
  if (errors.length > 0) throw invalid(SCALE, name, errors);
}
