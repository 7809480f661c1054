// Renders one object in the form that the client accepts. The plain JSON form is the stored bytes as they are.

import { StatusError, statusError } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import { packageOf } from "../encoding/decode-errors.ts";
import { jsonText } from "../encoding/encode.ts";
import { type Negotiated, negotiate } from "../encoding/media-type.ts";
import { encodeProtobuf } from "../encoding/protobuf.ts";
import { encodePartialObject, encodeTable } from "../encoding/table.ts";
import { encodeYaml } from "../encoding/yaml.ts";
import { type AnyObject, fromStored, type ServedResource } from "../registry/served-resource.ts";
import { type ApiRequest, JSON_TYPE, type Reply } from "./api-request.ts";

/** What a client can get of a resource's objects. */
export function accepted(
  request: ApiRequest,
  { tables = true, lists = false, stream = false, transforms = true } = {},
): Negotiated {
  return negotiate(request.headers.accept, {
    tables,
    lists,
    stream,
    transforms,
    pretty: request.query.get("pretty"),
    userAgent: request.headers["user-agent"],
  });
}

/** `bytes` is the object as served; it is parsed only when the client wants another form. */
export function respondObject(
  request: ApiRequest,
  resource: ServedResource,
  bytes: Buffer,
  clock: Clock,
  code = 200,
): Reply {
  const wanted = accepted(request);
  if (wanted.format === "json" && wanted.as === "object" && !wanted.pretty) {
    return { code, contentType: JSON_TYPE, body: bytes };
  }
  const object = JSON.parse(bytes.toString()) as AnyObject;
  if (wanted.as === "table") {
    const table = encodeTable({
      resource,
      objects: [object],
      now: clock.now(),
      includeObject: request.query.get("includeObject") ?? "Metadata",
      metadata: { resourceVersion: object.metadata.resourceVersion },
      version: wanted.version,
    });
    return { ...render(wanted, table), code };
  }
  if (wanted.ofList === true) throw wrongPartial(resource, false);
  const value = wanted.as === "partial" ? encodePartialObject(object, wanted.version) : object;
  return { ...render(wanted, value), code };
}

/** For who takes a list for an object, or the other way round: upstream names its own Go type. */
export function wrongPartial({ group, kind }: ServedResource, isList: boolean): StatusError {
  const type = `${packageOf(group)}.${kind}`;
  const why = isList
    ? `you requested PartialObjectMetadata, but the requested object is a list (*${type}List)`
    : `you requested PartialObjectMetadataList, but the requested object is not a list (*${type})`;
  return statusError("NotAcceptable", why);
}

/** As respondObject, of bytes in the version that is stored. */
export function respondWritten(
  request: ApiRequest,
  resource: ServedResource,
  bytes: Buffer,
  clock: Clock,
  code = 200,
): Reply {
  if (resource.conversion === undefined)
    return respondObject(request, resource, bytes, clock, code);
  const object = fromStored(resource, JSON.parse(bytes.toString()) as AnyObject);
  return respondObject(request, resource, Buffer.from(jsonText(object)), clock, code);
}

/** Any value that is no stored object: Status, Scale, discovery, a list. */
export function respondValue(request: ApiRequest, value: object, code = 200): Reply {
  return { ...render(accepted(request, { tables: false }), value), code };
}

export function respondError(request: ApiRequest | undefined, error: StatusError): Reply {
  const wanted = errorForm(request);
  const reply = { ...render(wanted, error.status), code: error.code };
  const retryAfterSeconds = error.status.details?.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) reply.headers = { "retry-after": String(retryAfterSeconds) };
  return reply;
}

/** A client whose Accept header is itself the error still gets JSON. */
function errorForm(request: ApiRequest | undefined): Negotiated {
  const plain: Negotiated = { format: "json", as: "object", pretty: false, version: "v1" };
  if (request === undefined) return plain;
  try {
    return accepted(request, { tables: false, transforms: false });
  } catch (error) {
    if (error instanceof StatusError) return plain;
    throw error;
  }
}

export function render(wanted: Negotiated, value: object): Reply {
  if (wanted.format === "yaml") {
    return { code: 200, contentType: "application/yaml", body: encodeYaml(value) };
  }
  if (wanted.format === "protobuf") {
    return {
      code: 200,
      contentType: "application/vnd.kubernetes.protobuf",
      body: encodeProtobuf(value),
    };
  }
  const body = wanted.pretty ? JSON.stringify(value, null, 2) : jsonText(value);
  return { code: 200, contentType: JSON_TYPE, body };
}
