// What the server serves at this moment, custom resources included.
import type { APIGroupDiscoveryList } from "../api/types/apidiscovery-v2.ts";
import type { APIGroupList, APIResourceList } from "../api/types/meta-v1.ts";
import type { Client } from "./client.ts";

export interface ServedResource {
  group: string;
  version: string;
  resource: string;
  kind: string;
  namespaced: boolean;
  verbs: readonly string[];
}

export interface Discovered {
  /** Each in its group's preferred version, if it is served there. No subresources. */
  resources: ServedResource[];
  /** Group versions that could not be read, with the reason. */
  failures: { groupVersion: string; message: string }[];
}

const AGGREGATED =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/**
 * Two requests, or one for each group version where the server has no aggregated discovery. Throws
 * if it has neither.
 */
export async function discover(client: Client): Promise<Discovered> {
  const roots = await Promise.all(
    ["/api", "/apis"].map((path) => client.request("GET", path, { accept: AGGREGATED })),
  );
  const aggregated = roots.every(
    (root) => (root as { kind?: string }).kind === "APIGroupDiscoveryList",
  );
  const found = aggregated
    ? (roots as APIGroupDiscoveryList[]).flatMap(readAggregated)
    : await readEach(client, (roots[1] as APIGroupList).groups);
  const resources = new Map<string, ServedResource>();
  const failures: Discovered["failures"] = [];
  for (const part of found) {
    failures.push(...part.failures);
    for (const resource of part.resources) {
      const name = `${resource.resource}.${resource.group}`;
      if (!resources.has(name)) resources.set(name, resource);
    }
  }
  return { resources: [...resources.values()], failures };
}

function readAggregated(list: APIGroupDiscoveryList): Discovered[] {
  return (list.items ?? []).flatMap((group) =>
    (group.versions ?? []).map((version) => {
      const groupName = group.metadata?.name ?? "";
      if (version.freshness === "Stale") {
        const groupVersion = `${groupName}/${version.version}`;
        return {
          resources: [],
          failures: [{ groupVersion, message: "stale GroupVersion discovery" }],
        };
      }
      const resources = (version.resources ?? []).map((entry) => ({
        group: groupName,
        version: version.version ?? "",
        resource: entry.resource ?? "",
        kind: entry.responseKind?.kind ?? "",
        namespaced: entry.scope === "Namespaced",
        verbs: entry.verbs ?? [],
      }));
      return { resources, failures: [] };
    }),
  );
}

async function readEach(client: Client, groups: APIGroupList["groups"]): Promise<Discovered[]> {
  const paths = [{ group: "", version: "v1", path: "/api/v1" }];
  for (const { name, versions, preferredVersion } of groups) {
    const isPreferred = ({ version }: { version: string }) => version === preferredVersion?.version;
    const sorted = [...versions].sort((a, b) => Number(isPreferred(b)) - Number(isPreferred(a)));
    for (const { version } of sorted) {
      paths.push({ group: name, version, path: `/apis/${name}/${version}` });
    }
  }
  return Promise.all(paths.map((entry) => readOne(client, entry)));
}

async function readOne(
  client: Client,
  { group, version, path }: { group: string; version: string; path: string },
): Promise<Discovered> {
  try {
    const list = (await client.request("GET", path)) as APIResourceList;
    const resources = list.resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced, verbs }) => ({
        group,
        version,
        resource: name,
        kind,
        namespaced,
        verbs,
      }));
    return { resources, failures: [] };
  } catch (error) {
    const groupVersion = group === "" ? version : `${group}/${version}`;
    return { resources: [], failures: [{ groupVersion, message: (error as Error).message }] };
  }
}
