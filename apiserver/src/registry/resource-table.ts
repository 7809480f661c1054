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
import { encodeObject } from "../encoding/encode.ts";
import { convertedStorage } from "../storage/converted-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { WatchCache } from "../storage/watch-cache.ts";
import { cacheReaches } from "./cache-reaches.ts";
import type {
  AnyObject,
  Conversion,
  DescribedResource,
  ServedResource,
} from "./served-resource.ts";
import type { ResourceBehaviour } from "./strategy.ts";

export type Behaviours = Readonly<Record<ResourceName, ResourceBehaviour<AnyObject>>>;

/** A further version of a stored kind. */
export interface KindVersion {
  row: ResourceRow;
  stored: ResourceName;
  behaviour: ResourceBehaviour<AnyObject>;
  toStored: Conversion["toStored"];
  fromStored: Conversion["fromStored"];
}

export interface TableDependencies {
  storage: Storage;
  clock: Clock;
  logger: Logger;
  /** Of the latest events of each resource, in memory. */
  watchHistoryBytesMax?: number | undefined;
}

type ResourcePath = Pick<DescribedResource, "group" | "version" | "resource">;

const pathOf = ({ group, version, resource }: ResourcePath): string =>
  `${group}/${version}/${resource}`;

export class ResourceTable {
  readonly #served = new Map<string, ServedResource>();
  readonly #described = new Map<string, DescribedResource>();
  readonly #groups = new Set<string>();
  readonly #groupVersions = new Set<string>();

  add(resource: ServedResource): void {
    this.#served.set(pathOf(resource), resource);
    this.describe(resource);
  }

  /** A resource of which nothing is stored: discovery names it, a handler of its own answers (handlers/computed.ts). */
  describe(resource: DescribedResource): void {
    this.#groups.add(resource.group);
    this.#groupVersions.add(`${resource.group}/${resource.version}`);
    this.#described.set(pathOf(resource), resource);
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#served.get(`${group}/${version}/${plural}`);
  }

  /** A built-in resource, which is always there. */
  named(name: ResourceName): ServedResource {
    const row = rows[name];
    const resource = this.find(row.group, row.version, row.plural);
    if (resource === undefined) throw new Error(`resource ${name} is not served`);
    return resource;
  }

  /** Every resource that has objects, each kind in each of its versions. */
  all(): ServedResource[] {
    return [...this.#served.values()];
  }

  describes(path: ResourcePath): boolean {
    return this.#described.has(pathOf(path));
  }

  /** Everything that discovery names. */
  described(): DescribedResource[] {
    return [...this.#described.values()];
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
  versions: readonly KindVersion[],
  dependencies: TableDependencies,
): ResourceTable {
  const table = new ResourceTable();
  for (const [name, row] of Object.entries(rows) as [ResourceName, ResourceRow][]) {
    table.add(servedResource(row, behaviours[name], dependencies));
  }
  for (const version of versions) {
    table.add(convertedResource(table.named(version.stored), version, dependencies));
  }
  return table;
}

/** Of a resource that nothing is stored of. */
export function describedResource(row: ResourceRow): DescribedResource {
  const typeName = typeNameOf(row.group, row.version, row.kind);
  if (typeName === undefined) throw new Error(`no type facts about ${row.kind}`);
  return {
    fact: factOf(row),
    group: row.group,
    version: row.version,
    resource: row.plural,
    kind: row.kind,
    namespaced: row.namespaced,
    apiVersion: apiVersionOf(row),
    typeName,
  };
}

function factOf(row: ResourceRow): ResourceFact {
  const fact = resourceFacts.find(
    ({ group = "", version, resource }) =>
      group === row.group && version === row.version && resource === row.plural,
  );
  if (fact === undefined)
    throw new Error(`no facts about ${row.plural}.${row.version}.${row.group}`);
  return fact;
}

function servedResource(
  row: ResourceRow,
  behaviour: ResourceBehaviour<AnyObject>,
  { storage, clock, logger, watchHistoryBytesMax }: TableDependencies,
): ServedResource {
  const described = describedResource(row);
  const head = Buffer.from(
    `{"kind":"${row.kind}","apiVersion":"${described.apiVersion}","metadata":{`,
  );
  const keyPrefix = `/registry/${behaviour.storagePrefix}/`;
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
    historyBytesMax: watchHistoryBytesMax,
  });
  return { ...described, behaviour, cache, keyPrefix, head, otherVersions: new Map() };
}

/** Whoever waits for it may have read or written the stored version meanwhile, and has to find that here too. */
async function catchUp(converted: WatchCache, stored: WatchCache): Promise<void> {
  while (converted.revision < stored.revision) await cacheReaches(converted, stored.revision);
}

function convertedResource(
  stored: ServedResource,
  { row, behaviour, toStored, fromStored }: KindVersion,
  dependencies: TableDependencies,
): ServedResource {
  const convert = (value: Buffer): Buffer =>
    encodeObject(fromStored(JSON.parse(value.toString()) as AnyObject));
  const storage = convertedStorage(dependencies.storage, convert);
  const resource = servedResource(row, behaviour, { ...dependencies, storage });
  let started: Promise<void> | undefined;
  resource.conversion = {
    stored,
    toStored,
    fromStored,
    follow() {
      const { cache } = resource;
      if (cache.revision > 0 && cache.revision >= stored.cache.revision) return undefined;
      started ??= cache.start().catch((error: unknown) => {
        started = undefined;
        throw error;
      });
      return started.then(() => catchUp(cache, stored.cache));
    },
  };
  // Upstream does not convert between groups when it compares what managers own: those of the other group are dropped.
  if (resource.group !== stored.group) return resource;
  resource.otherVersions.set(stored.apiVersion, {
    typeName: stored.typeName,
    convert: toStored,
    back: fromStored,
  });
  stored.otherVersions.set(resource.apiVersion, {
    typeName: resource.typeName,
    convert: fromStored,
    back: toStored,
  });
  return resource;
}
