// metadata.managedFields as a map of managers. A manager is told apart by name, operation and
// subresource; updates also by the version they were made through.
import type { ManagedFieldsEntry } from "@coracle/shared/api/types/meta-v1";
import { decodeFields, EMPTY, type FieldSet, isEmpty, LEAF } from "./field-set.ts";
import { type ManagedType, memberType } from "./managed-type.ts";

export interface Manager {
  name: string;
  operation: "Apply" | "Update";
  apiVersion: string;
  subresource: string;
  /** RFC 3339; undefined where no time is known. */
  time: string | undefined;
  fields: FieldSet;
  /** The entry that it was read from: given out again while nothing changes. */
  source: ManagedFieldsEntry | undefined;
}

/** Keyed by `managerId`. Managers are not changed in place: a new one takes the entry. */
export type Managers = Map<string, Manager>;

/** Upstream's own identifier, whose order decides the order of conflicts. */
export function managerId(
  manager: Pick<Manager, "name" | "operation" | "apiVersion" | "subresource">,
): string {
  return JSON.stringify({
    manager: manager.name === "" ? undefined : manager.name,
    operation: manager.operation,
    apiVersion: manager.operation === "Apply" ? undefined : manager.apiVersion,
    subresource: manager.subresource === "" ? undefined : manager.subresource,
  });
}

/** Reads entries that this server wrote: canonical and valid. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const fields = (entry.fieldsV1 ?? EMPTY) as FieldSet;
    addManager(managers, managerOf(entry, fields));
  }
  return managers;
}

/**
 * Reads entries that a client wrote. Throws Error with upstream's words when one is invalid. Fields
 * within what is owned whole become that whole field.
 */
export function decodeManagers(
  entries: readonly ManagedFieldsEntry[],
  type: ManagedType,
): Managers {
  const managers: Managers = new Map();
  entries.forEach((entry, index) => {
    checkEntry(entry, index);
    const fields = reconciled(type, decodeFields(entry.fieldsV1));
    addManager(managers, { ...managerOf(entry, fields), source: undefined });
  });
  return managers;
}

/**
 * Upstream's complaint about entries that an admission plugin or a client left in a bad state;
 * undefined when they are valid.
 */
export function managedFieldsError(entries: readonly ManagedFieldsEntry[]): string | undefined {
  try {
    entries.forEach((entry, index) => {
      checkEntry(entry, index);
      decodeFields(entry.fieldsV1);
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkEntry(entry: ManagedFieldsEntry, index: number): void {
  if (entry.operation !== "Apply" && entry.operation !== "Update") {
    throw new Error("operation must be `Apply` or `Update`");
  }
  if ((entry.apiVersion ?? "") === "") throw new Error("apiVersion must not be empty");
  const { fieldsType = "" } = entry;
  if (fieldsType === "") throw new Error(`missing fieldsType in managed fields entry ${index}`);
  if (fieldsType !== "FieldsV1") {
    const quoted = JSON.stringify(fieldsType);
    throw new Error(`invalid fieldsType ${quoted} in managed fields entry ${index}`);
  }
}

function managerOf(entry: ManagedFieldsEntry, fields: FieldSet): Manager {
  return {
    name: entry.manager ?? "",
    operation: entry.operation === "Apply" ? "Apply" : "Update",
    apiVersion: entry.apiVersion ?? "",
    subresource: entry.subresource ?? "",
    time: entry.time,
    fields,
    source: entry,
  };
}

function addManager(managers: Managers, manager: Manager): void {
  managers.set(managerId(manager), manager);
}

/** A schema may have turned what was owned by member into what is owned whole. */
function reconciled(type: ManagedType | undefined, set: FieldSet): FieldSet {
  if (type === undefined || type.kind === "deduced" || isEmpty(set)) return set;
  const next: { [element: string]: FieldSet } = {};
  for (const element in set) {
    const node = set[element] as FieldSet;
    const below =
      element === "." || element[0] === "i"
        ? undefined
        : type.kind === "list"
          ? type.element
          : memberType(type, element.slice(2));
    next[element] = below?.atomic && !isEmpty(node) ? LEAF : reconciled(below, node);
  }
  return next;
}

/**
 * As metadata.managedFields lists them: appliers first, then by time, name, version, subresource.
 * undefined for none.
 */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const list = [...managers.values()];
  if (list.length > 1) list.sort(compareManagers);
  return list.map(entryOf);
}

function compareManagers(left: Manager, right: Manager): number {
  return (
    compareTexts(left.operation, right.operation) ||
    compareTexts(left.time ?? "", right.time ?? "") ||
    compareTexts(left.name, right.name) ||
    compareTexts(left.apiVersion, right.apiVersion) ||
    compareTexts(left.subresource, right.subresource)
  );
}

const compareTexts = (left: string, right: string): number =>
  left === right ? 0 : left < right ? -1 : 1;

function entryOf(manager: Manager): ManagedFieldsEntry {
  const { source } = manager;
  if (
    source !== undefined &&
    source.fieldsV1 === manager.fields &&
    source.time === manager.time &&
    source.apiVersion === manager.apiVersion
  ) {
    return source;
  }
  const entry: ManagedFieldsEntry = {};
  if (manager.name !== "") entry.manager = manager.name;
  entry.operation = manager.operation;
  entry.apiVersion = manager.apiVersion;
  if (manager.time) entry.time = manager.time;
  entry.fieldsType = "FieldsV1";
  entry.fieldsV1 = manager.fields as ManagedFieldsEntry["fieldsV1"];
  if (manager.subresource !== "") entry.subresource = manager.subresource;
  return entry;
}
