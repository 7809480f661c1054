// The forms in which kubectl and metadata clients take objects: Table and
// PartialObjectMetadata(List).
import type { ColumnFact, ResourceFact } from "@coracle/shared/api/facts";
import { tableFacts } from "@coracle/shared/api/facts";
import type { KubernetesObject } from "@coracle/shared/api/resources";
import { badRequest } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../registry/strategy.ts";
import { columnDescription } from "./column-descriptions.ts";

export interface ListMetadata {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

export interface TableColumn extends ColumnFact {
  description: string;
}

export interface TableRow {
  cells: unknown[];
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  object: unknown;
}

export interface Table {
  kind: "Table";
  apiVersion: string;
  metadata: ListMetadata;
  columnDefinitions: readonly TableColumn[] | null;
  rows: TableRow[];
}

/** What of a served resource makes a table. `T` is the type of its objects. */
export interface TableSource<T extends KubernetesObject> {
  fact: Pick<ResourceFact, "group" | "version" | "resource" | "kind">;
  behaviour: Pick<
    ResourceBehaviour<T>,
    "cells" | "columns" | "rowConditions" | "rowMetadata" | "tableOrder"
  >;
}

export interface TableRequest<T extends KubernetesObject> {
  resource: TableSource<T>;
  objects: readonly T[];
  /** Milliseconds, for ages. */
  now: number;
  /** None, Metadata, Object, or "" for Metadata. */
  includeObject: string;
  metadata: ListMetadata;
  /** `v1` or `v1beta1` of meta.k8s.io. */
  version: string;
  /** False leaves the columns out, as in a watch after its first event. Default true. */
  columns?: boolean;
}

/** Columns by the resource's fact: of its behaviour, else as a real server has them, else name
 *  and creation time. */
export function columnsOf<T extends KubernetesObject>(resource: TableSource<T>): TableColumn[] {
  const { group, version, resource: plural, kind } = resource.fact;
  const key =
    group === undefined || group === "" ? `${plural}.${version}` : `${plural}.${version}.${group}`;
  const columns = resource.behaviour.columns ?? tableFacts[key] ?? defaultColumns;
  return columns.map(({ name, type, format, priority }) => ({
    name,
    type,
    format,
    description: columnDescription(kind, name),
    priority,
  }));
}

const defaultColumns: readonly ColumnFact[] = [
  { name: "Name", type: "string", format: "name", priority: 0 },
  { name: "Created At", type: "date", format: "", priority: 0 },
];

const columnsByResource = new WeakMap<object, TableColumn[]>();

function cachedColumns<T extends KubernetesObject>(resource: TableSource<T>): TableColumn[] {
  let columns = columnsByResource.get(resource);
  if (columns === undefined) {
    columns = columnsOf(resource);
    columnsByResource.set(resource, columns);
  }
  return columns;
}

/** Throws StatusError 400. */
export function checkIncludeObject(includeObject: string): void {
  if (["", "None", "Metadata", "Object"].includes(includeObject)) return;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** Throws StatusError 400 for an unknown `includeObject`. */
export function encodeTable<T extends KubernetesObject>(request: TableRequest<T>): Table {
  const { resource, objects, now, includeObject, metadata, version } = request;
  checkIncludeObject(includeObject);
  const included = (object: T): unknown => {
    if (includeObject === "None") return null;
    if (includeObject === "Object") return object;
    const partial = encodePartialObject(object, version);
    const shown = resource.behaviour.rowMetadata?.(object.metadata);
    return shown === undefined ? partial : { ...partial, metadata: shown };
  };
  const { tableOrder } = resource.behaviour;
  const ordered = tableOrder === undefined ? objects : objects.toSorted(tableOrder);
  const rows = ordered.map((object) => {
    const row: TableRow = {
      cells: resource.behaviour.cells(object, now).map((cell) => cell ?? ""),
      object: null,
    };
    const conditions = resource.behaviour.rowConditions?.(object);
    if (conditions !== undefined && conditions.length > 0) row.conditions = conditions;
    // The object is the row's last member.
    return {
      cells: row.cells,
      ...(row.conditions && { conditions: row.conditions }),
      object: included(object),
    };
  });
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMetadata(metadata),
    columnDefinitions: request.columns === false ? null : cachedColumns(resource),
    rows,
  };
}

function listMetadata({
  resourceVersion,
  continue: token,
  remainingItemCount,
}: ListMetadata): ListMetadata {
  const metadata: ListMetadata = {};
  if (resourceVersion !== undefined && resourceVersion !== "")
    metadata.resourceVersion = resourceVersion;
  if (token !== undefined && token !== "") metadata.continue = token;
  if (remainingItemCount !== undefined) metadata.remainingItemCount = remainingItemCount;
  return metadata;
}

export function encodePartialObject(object: KubernetesObject, version: string): KubernetesObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  };
}

export function encodePartialObjectList(
  objects: readonly KubernetesObject[],
  metadata: ListMetadata,
  version: string,
): object {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMetadata(metadata),
    // Go's nil list.
    items: objects.length === 0 ? null : objects.map((o) => encodePartialObject(o, version)),
  };
}
