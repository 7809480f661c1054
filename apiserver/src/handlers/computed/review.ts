// Reviews: a client posts a question and gets it back with the answer in its status. Nothing is stored.
import type { KubernetesObject, ResourceRow } from "@coracle/shared/api/resources";
import { badRequest, pathNotFound, statusError } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import { updateManagedFields } from "../../apply/managed-fields.ts";
import { decodeObject } from "../../encoding/decode.ts";
import { describedResource } from "../../registry/resource-table.ts";
import type { ApiRequest, Reply } from "../api-request.ts";
import type { ComputedResource } from "../computed.ts";
import type { Handlers } from "../dispatch.ts";
import { writeOptions } from "../options.ts";
import { respondValue } from "../respond.ts";
import { managerOf } from "../write-context.ts";

/** Gives the whole object back. Throws StatusError. */
type Answer<T> = (review: T, request: ApiRequest, handlers: Handlers) => object;

export function reviewResource<T extends KubernetesObject>(
  row: ResourceRow,
  answer: Answer<T>,
): ComputedResource {
  let typeName: string | undefined;
  return {
    row,
    answer(request, handlers): Reply {
      const { info, method } = request;
      const misplaced = info.name !== "" || (info.namespace !== "") !== row.namespaced;
      if (misplaced) throw pathNotFound();
      if (method !== "POST") {
        const text = "the server does not allow this method on the requested resource";
        throw statusError("MethodNotAllowed", text, {});
      }
      typeName ??= describedResource(row).typeName;
      const review = readReview(request, row, typeName, handlers);
      return respondValue(request, answer(review as T, request, handlers), 201);
    },
  };
}

function readReview(
  request: ApiRequest,
  row: ResourceRow,
  typeName: string,
  { clock }: Handlers,
): KubernetesObject {
  const options = writeOptions(request.query, "CreateOptions");
  const { object, warnings } = decodeObject(
    request.body,
    request.headers["content-type"],
    row,
    options.fieldValidation,
  );
  request.warnings.push(...warnings);
  placeReview(object, row, request.info.namespace);
  updateManagedFields(undefined, object, {
    typeName,
    apiVersion: `${row.group}/${row.version}`,
    manager: managerOf(request, options),
    time: formatTime(clock.now()),
  });
  return object;
}

function placeReview({ metadata }: KubernetesObject, row: ResourceRow, namespace: string): void {
  const given = metadata.namespace ?? "";
  if (!row.namespaced) delete metadata.namespace;
  else if (given === "" || given === namespace) metadata.namespace = namespace;
  else {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
}
