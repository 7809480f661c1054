// The scale subresource: replicas of a Deployment or ReplicaSet seen as an autoscaling/v1 Scale.
import type { Scale } from "@coracle/shared/api/types/autoscaling-v1";
import { badRequest, invalid, statusError } from "@coracle/shared/machinery/status-error";
import { decodeObject, decodePatch, decodeValue } from "../encoding/decode.ts";
import type { RequestInfo } from "../filters/request-info.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { ScaleMapping } from "../registry/strategy.ts";
import { validateScale } from "../resources/autoscaling/scale.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { patchTypeOf } from "./patch.ts";
import { respondValue } from "./respond.ts";
import { targetOf } from "./target.ts";
import { recordOwner, type WriteDependencies } from "./write-context.ts";

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
    return respondValue(request, scaleOf(registry.current(target).object, mapping));
  }
  const options = writeOptions(
    request.query,
    request.method === "PUT" ? "UpdateOptions" : "PatchOptions",
  );
  const wanted = scaleReader(request, options);
  const written = await registry.update(
    target,
    (current) => {
      const live = (current ?? registry.current(target)).object;
      const scale = wanted(scaleOf(live, mapping));
      checkScale(scale, request.info);
      const updated = structuredClone(live);
      // The version is a precondition only where the client named one; in what it patched it is the live one.
      updated.metadata.resourceVersion = scale.metadata.resourceVersion ?? "";
      if (scale.metadata.uid) updated.metadata.uid = scale.metadata.uid;
      mapping.setSpecReplicas(updated, scale.spec.replicas ?? 0);
      recordOwner(request, resource, options, clock, live, updated, "scale");
      return updated;
    },
    { user: request.user, dryRun: options.dryRun },
  );
  const object = JSON.parse(written.bytes.toString()) as AnyObject;
  return respondValue(request, scaleOf(object, mapping));
}

function scaleReader(
  request: ApiRequest,
  options: WriteOptions,
): (live: ServedScale) => ServedScale {
  const { body, headers } = request;
  if (request.method === "PUT") {
    const decoded = decodeObject(body, headers["content-type"], SCALE, options.fieldValidation);
    return () => decoded.object as unknown as ServedScale;
  }
  const type = patchTypeOf(headers["content-type"]);
  if (type === "apply") {
    const message = "server-side apply to the scale subresource is not served by Coracle yet";
    throw statusError("UnsupportedMediaType", message);
  }
  const { patch } = decodePatch(body, type, options.fieldValidation);
  return (live) => {
    const value =
      type === "json"
        ? applyJsonPatch(live, patch)
        : type === "merge"
          ? applyMergePatch(live, patch)
          : applyStrategicMergePatch(live, patch, SCALE_TYPE);
    return decodeValue(value, SCALE_TYPE, options.fieldValidation).object as unknown as ServedScale;
  };
}

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
