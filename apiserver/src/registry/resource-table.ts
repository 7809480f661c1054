// All served resources by group, version and plural. Rows may be added and removed while the server runs.
import { type ResourceFact, resourceFacts, typeNameOf } from "@coracle/shared/api/facts";
import {
  apiVersionOf,
  type ResourceName,
  type ResourceRow,
  resources as rows,
} from "@coracle/shared/api/resources";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { Logger } from "@coracle/shared/runtime/logger";
import type { Storage } from "../storage/storage.ts";
import { WatchCache } from "../storage/watch-cache.ts";
import type { AnyObject, ServedResource } from "./served-resource.ts";
import type { ResourceBehaviour } from "./strategy.ts";

export type Behaviours = Readonly<Record<ResourceName, ResourceBehaviour<AnyObject>>>;

export interface TableDependencies {
  storage: Storage;
  clock: Clock;
  logger: Logger;
}

export class ResourceTable {
  readonly #byPath = new Map<string, ServedResource>();

  readonly #groups = new Set<string>();
  readonly #groupVersions = new Set<string>();

  add(resource: ServedResource): void {
    this.#groups.add(resource.group);
    this.#groupVersions.add(`${resource.group}/${resource.version}`);
    this.#byPath.set(`${resource.group}/${resource.version}/${resource.resource}`, resource);
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** A built-in resource, which is always there. */
  named(name: ResourceName): ServedResource {
    const row = rows[name];
    const resource = this.find(row.group, row.version, row.plural);
    if (resource === undefined) throw new Error(`resource ${name} is not served`);
    return resource;
  }

  all(): ServedResource[] {
    return [...this.#byPath.values()];
  }

  hasGroupVersion(group: string, version: string): boolean {
    return this.#groupVersions.has(`${group}/${version}`);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }
}

export function builtInTable(
  behaviours: Behaviours,
  dependencies: TableDependencies,
): ResourceTable {
  const table = new ResourceTable();
  for (const [name, row] of Object.entries(rows) as [ResourceName, ResourceRow][]) {
    table.add(servedResource(row, behaviours[name], dependencies));
  }
  return table;
}

/** Subresources that are not built yet (docs/differences.md): discovery does not offer them. */
const UNSERVED = new Set([
  "nodes/proxy",
  "pods/eviction",
  "pods/proxy",
  "serviceaccounts/token",
  "services/proxy",
]);

function factOf(row: ResourceRow): ResourceFact {
  const fact = resourceFacts.find(
    ({ group = "", version, resource }) =>
      group === row.group && version === row.version && resource === row.plural,
  );
  if (fact === undefined)
    throw new Error(`no facts about ${row.plural}.${row.version}.${row.group}`);
  const isServed = ({ name }: { name: string }) => !UNSERVED.has(`${row.plural}/${name}`);
  return { ...fact, subresources: fact.subresources?.filter(isServed) };
}

function servedResource(
  row: ResourceRow,
  behaviour: ResourceBehaviour<AnyObject>,
  { storage, clock, logger }: TableDependencies,
): ServedResource {
  const apiVersion = apiVersionOf(row);
  const head = Buffer.from(`{"kind":"${row.kind}","apiVersion":"${apiVersion}","metadata":{`);
  const keyPrefix = `/registry/${behaviour.storagePrefix}/`;
  const typeName = typeNameOf(row.group, row.version, row.kind);
  if (typeName === undefined) throw new Error(`no type facts about ${row.kind}`);
  const cache = new WatchCache({
    storage,
    prefix: keyPrefix,
    headLength: head.length,
    extract(value, memo) {
      const object = (memo ?? JSON.parse(value.toString())) as AnyObject;
      const { namespace = "", name, labels } = object.metadata;
      return { namespace, name, labels, fields: behaviour.selectableFields?.(object) ?? {} };
    },
    clock,
    logger,
  });
  return {
    fact: factOf(row),
    group: row.group,
    version: row.version,
    resource: row.plural,
    kind: row.kind,
    namespaced: row.namespaced,
    apiVersion,
    typeName,
    behaviour,
    cache,
    keyPrefix,
    head,
  };
}
