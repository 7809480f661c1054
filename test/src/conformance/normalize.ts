// Takes out of an answer what differs from run to run: ids, versions, times, random suffixes, addresses.

const VOLATILE = new Set([
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "time",
  "lastTransitionTime",
  "lastUpdateTime",
  "continue",
  "clusterIP",
  "clusterIPs",
  "nodePort",
]);

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?=$|[" ])/g;
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const DURATION = /^\d+(ms|s|m|h|d)$/;

export function normalize(value: unknown, namespace: string): unknown {
  if (Array.isArray(value)) return value.map((item) => normalize(item, namespace));
  if (value !== null && typeof value === "object") {
    // The descriptions of table columns are prose, and ours.
    if ("description" in value && "priority" in value) {
      const { description: _description, ...column } = value;
      return column;
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        VOLATILE.has(key) && member ? "<volatile>" : ordered(key, normalize(member, namespace)),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  return value
    .replaceAll(namespace, "<ns>")
    .replace(JWT, "<jwt>")
    .replace(UUID, "<uuid>")
    .replace(TIME, "<time>")
    .replace(SUFFIX, "-<rand>")
    .replace(/current: \d+/, "current: <n>")
    .replace(/\b\d+\.\d+\.\d+\.\d+(:\d+)?\b/g, "<address>")
    .replace(/(resourceVersion: )"\d+"/g, '$1"<n>"')
    .replace(DURATION, "<duration>");
}

/** Entries of one second are ordered by their time first, which the clock decides. */
function ordered(key: string, value: unknown): unknown {
  if (key !== "managedFields" || !Array.isArray(value)) return value;
  return value.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
