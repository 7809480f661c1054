// Objects that are computed when they are asked for: get and list, in every form, with selectors on their metadata.
import type { KubernetesObject, ResourceRow } from "@coracle/shared/api/resources";
import {
  methodNotSupported,
  pathNotFound,
  statusError,
} from "@coracle/shared/machinery/status-error";
import { encodePartialObject, encodePartialObjectList, encodeTable } from "../../encoding/table.ts";
import { describedResource } from "../../registry/resource-table.ts";
import type { DescribedResource, ServedResource } from "../../registry/served-resource.ts";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import type { CachedObject } from "../../storage/watch-cache.ts";
import type { ApiRequest, Reply } from "../api-request.ts";
import type { ComputedResource } from "../computed.ts";
import type { Handlers } from "../dispatch.ts";
import { listOptions } from "../options.ts";
import { accepted, render } from "../respond.ts";
import { selectionOf } from "../selection.ts";

const NOT_ALLOWED = "the server does not allow this method on the requested resource";

export interface ObjectSource<T extends KubernetesObject> {
  row: ResourceRow;
  table: Pick<ResourceBehaviour<T>, "cells" | "columns">;
  /** Text of a `Warning` header on every answer. */
  deprecation?: string;
  /** Those that `isWanted`, of one namespace or ("") of all, with or without their type. */
  list(namespace: string, isWanted: (object: T) => boolean, handlers: Handlers): Promise<T[]>;
  /** Throws NotFound. */
  get(name: string, namespace: string, handlers: Handlers): Promise<T>;
}

export function computedObjects<T extends KubernetesObject>(
  source: ObjectSource<T>,
): ComputedResource {
  const { row } = source;
  let described: DescribedResource | undefined;
  return {
    row,
    answer(request, handlers) {
      described ??= describedResource(row);
      const { info, method } = request;
      const { namespace, name } = info;
      const misplaced = row.namespaced ? name !== "" && namespace === "" : namespace !== "";
      if (misplaced || info.subresource !== "") throw pathNotFound();
      if (method !== "GET") throw statusError("MethodNotAllowed", NOT_ALLOWED, {});
      if (source.deprecation !== undefined) request.warnings.push(source.deprecation);
      if (info.verb === "watch") throw methodNotSupported(described, "watch");
      return name === ""
        ? answerList(source, described, request, handlers)
        : answerOne(source, described, request, handlers);
    },
  };
}

async function answerOne<T extends KubernetesObject>(
  source: ObjectSource<T>,
  { fact, kind, apiVersion }: DescribedResource,
  request: ApiRequest,
  handlers: Handlers,
): Promise<Reply> {
  const wanted = accepted(request);
  const { name, namespace } = request.info;
  const object = { kind, apiVersion, ...(await source.get(name, namespace, handlers)) };
  if (wanted.as === "partial") {
    return render(wanted, encodePartialObject(object, wanted.version));
  }
  return render(wanted, wanted.as === "table" ? tableOf([object]) : object);

  function tableOf(objects: T[]) {
    return encodeTable({
      resource: { fact, behaviour: source.table },
      objects,
      now: handlers.clock.now(),
      includeObject: request.query.get("includeObject") ?? "Metadata",
      metadata: {},
      version: wanted.version,
    });
  }
}

async function answerList<T extends KubernetesObject>(
  source: ObjectSource<T>,
  described: DescribedResource,
  request: ApiRequest,
  handlers: Handlers,
): Promise<Reply> {
  const wanted = accepted(request, { lists: true });
  const options = listOptions(request.query, false);
  const { predicate } = selectionOf(described as ServedResource, options);
  const isWanted = ({ metadata }: T) => predicate?.(selectable(metadata)) ?? true;
  const items = await source.list(request.info.namespace, isWanted, handlers);
  const { kind, apiVersion } = described;
  const objects = items.map((item) => ({ ...item, kind, apiVersion }));
  if (wanted.as === "partial") {
    return render(wanted, encodePartialObjectList(objects, {}, wanted.version));
  }
  if (wanted.as === "table") {
    const table = encodeTable({
      resource: { fact: described.fact, behaviour: source.table },
      objects,
      now: handlers.clock.now(),
      includeObject: request.query.get("includeObject") ?? "Metadata",
      metadata: {},
      version: wanted.version,
    });
    return render(wanted, table);
  }
  return render(wanted, { kind: `${kind}List`, apiVersion, metadata: {}, items });
}

/** What selectors look at. */
function selectable({ name, namespace = "", labels }: KubernetesObject["metadata"]): CachedObject {
  return { namespace, name, labels, fields: {} } as unknown as CachedObject;
}
