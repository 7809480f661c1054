// An object remembers at most ten managers of updates: the oldest are merged into
// `ancient-changes`, one for each version.
import { union } from "./field-set.ts";
import { type Manager, type Managers, managerId } from "./managers.ts";

const UPDATERS_MAX = 10;

/** Changes and returns `managers`. */
export function capManagers(managers: Managers): Managers {
  if (managers.size <= UPDATERS_MAX) return managers;
  const updaters = [...managers].filter(([, manager]) => manager.operation === "Update");
  if (updaters.length <= UPDATERS_MAX) return managers;
  updaters.sort(([leftId, left], [rightId, right]) => {
    const [leftTime, rightTime] = [left.time ?? "", right.time ?? ""];
    if (leftTime !== rightTime) return leftTime < rightTime ? -1 : 1;
    return leftId < rightId ? -1 : 1;
  });
  const firsts = new Map<string, string>();
  let count = updaters.length;
  for (const [id, manager] of updaters) {
    if (count <= UPDATERS_MAX) break;
    const first = firsts.get(manager.apiVersion);
    if (first === undefined) {
      firsts.set(manager.apiVersion, id);
      continue;
    }
    mergeInto(managers, first, id, manager);
    count--;
  }
  return managers;
}

function mergeInto(managers: Managers, first: string, id: string, manager: Manager): void {
  const bucket: Manager = {
    ...manager,
    name: "ancient-changes",
    operation: "Update",
    subresource: "",
    source: undefined,
  };
  const bucketId = managerId(bucket);
  let earlier = managers.get(bucketId);
  if (earlier === undefined) {
    earlier = managers.get(first) as Manager;
    managers.delete(first);
  }
  managers.set(bucketId, { ...bucket, fields: union(manager.fields, earlier.fields) });
  managers.delete(id);
}
