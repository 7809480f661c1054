// What a server says of itself, and what it holds when it is new, against what was read off a Kubernetes 1.36 server: every resource
// with its verbs, names, categories and subresources, the columns of every table, and every bootstrap object.
import { readFileSync } from "node:fs";
import type { ResourceFact } from "@coracle/shared/api/facts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

/** A row of /apis/GROUP/VERSION. */
interface ListedResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}

interface Column {
  name: string;
  type: string;
  format: string;
  priority: number;
}

type Data = Record<string, unknown>;
interface KubernetesData {
  metadata: { name: string; namespace?: string };
}

const read = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`discovery/testdata/${file}`, import.meta.url), "utf8")) as T;
const resources = read<ResourceFact[]>("resources.json");
const tables = read<Record<string, Column[]>>("tables.json");
const bootstrap = read<Record<string, (Data & KubernetesData)[]>>("bootstrap.json");

const keyOf = ({ group = "", version, resource }: ResourceFact): string =>
  `${resource}.${version}${group && `.${group}`}`;

/** Not served yet: docs/differences.md. */
const missing = ["customresourcedefinitions.v1.apiextensions.k8s.io"];
/** Served without the flags that upstream asks for. */
const added = [
  "nodes.v1beta1.metrics.k8s.io",
  "podgroups.v1alpha2.scheduling.k8s.io",
  "pods.v1beta1.metrics.k8s.io",
  "workloads.v1alpha2.scheduling.k8s.io",
];

let server: TestApiServer;
let get: (path: string, accept?: string) => Promise<Data>;

beforeAll(async () => {
  server = await startApiServer();
  const client = server.client();
  get = async (path, accept) => (await client.request("GET", path, { accept })) as Data;
});
afterAll(() => server?.close());

async function groupVersions(): Promise<string[]> {
  const { versions } = (await get("/api")) as unknown as { versions: string[] };
  const { groups } = (await get("/apis")) as unknown as {
    groups: { versions: { groupVersion: string }[] }[];
  };
  return [...versions, ...groups.flatMap((group) => group.versions.map((v) => v.groupVersion))];
}

/** From the documents of each group version, in the form of the data. */
async function listed(): Promise<ResourceFact[]> {
  const found: ResourceFact[] = [];
  for (const groupVersion of await groupVersions()) {
    const isCore = !groupVersion.includes("/");
    const [group = "", version = ""] = isCore ? ["", groupVersion] : groupVersion.split("/");
    const document = await get(`/${isCore ? "api" : "apis"}/${groupVersion}`);
    const rows = document.resources as ListedResource[];
    for (const row of rows.filter(({ name }) => !name.includes("/"))) {
      const below = rows.filter(({ name }) => name.startsWith(`${row.name}/`));
      found.push({
        ...(group !== "" && { group }),
        version,
        resource: row.name,
        kind: row.kind,
        scope: row.namespaced ? "Namespaced" : "Cluster",
        verbs: row.verbs,
        ...(row.shortNames && { shortNames: row.shortNames }),
        ...(row.categories && { categories: row.categories }),
        singular: row.singularName,
        ...(below.length > 0 && { subresources: below.map(subresourceOf) }),
      });
    }
  }
  return found;
}

const subresourceOf = ({ name, kind, group = "", version = "", verbs }: ListedResource) => ({
  name: name.slice(name.indexOf("/") + 1),
  kind,
  kindGroup: group,
  kindVersion: version,
  verbs,
});

/** What discovery does not tell is left out. */
const comparable = ({ subresources, ...rest }: ResourceFact): ResourceFact => {
  const { fieldSelectors: _, ...told } = rest;
  return { ...told, ...(subresources && { subresources }) };
};

describe("discovery", () => {
  it("names the resources of Kubernetes 1.36, each with the same properties", async () => {
    const here = new Map((await listed()).map((resource) => [keyOf(resource), resource]));
    const there = new Map(resources.map((resource) => [keyOf(resource), resource]));
    expect([...there.keys()].filter((key) => !here.has(key)).sort()).toEqual(missing);
    expect([...here.keys()].filter((key) => !there.has(key)).sort()).toEqual(added);
    for (const [key, resource] of there) {
      if (!missing.includes(key)) expect(here.get(key), key).toEqual(comparable(resource));
    }
  });

  it("says the same in its aggregated form", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    interface Discovered {
      resource: string;
      scope: string;
      verbs: string[];
      singularResource: string;
      responseKind: { kind: string };
      shortNames?: string[];
      categories?: string[];
      subresources?: { subresource: string; verbs: string[] }[];
    }
    interface Group {
      metadata: { name?: string };
      versions: { version: string; resources: Discovered[] }[];
    }
    const aggregated = new Map<string, unknown>();
    for (const root of ["/api", "/apis"]) {
      const { items } = (await get(root, accept)) as unknown as { items: Group[] };
      for (const { metadata, versions } of items) {
        for (const { version, resources: rows } of versions) {
          for (const row of rows) {
            const group = metadata.name ?? "";
            aggregated.set(keyOf({ group, version, resource: row.resource } as ResourceFact), {
              kind: row.responseKind.kind,
              singular: row.singularResource,
              scope: row.scope,
              verbs: row.verbs,
              shortNames: row.shortNames,
              categories: row.categories,
              subresources: row.subresources?.map((one) => [one.subresource, one.verbs]),
            });
          }
        }
      }
    }
    const plain = new Map(
      (await listed()).map((one) => [
        keyOf(one),
        {
          kind: one.kind,
          singular: one.singular,
          scope: one.scope,
          verbs: one.verbs,
          shortNames: one.shortNames,
          categories: one.categories,
          subresources: one.subresources?.map(({ name, verbs }) => [name, verbs]),
        },
      ]),
    );
    expect(aggregated).toEqual(plain);
  });
});

const pathOf = ({ group = "", version, resource }: ResourceFact): string =>
  `${group === "" ? "/api" : `/apis/${group}`}/${version}/${resource}`;

describe("the table of", () => {
  const listable = resources.filter((one) => one.verbs.includes("list"));
  it.each(listable.filter((one) => !missing.includes(keyOf(one))).map((one) => [keyOf(one), one]))(
    "%s has the columns of Kubernetes 1.36",
    async (key, resource) => {
      const accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
      const table = await get(pathOf(resource as ResourceFact), accept);
      const columns = (table.columnDefinitions as (Column & { description: string })[]).map(
        ({ description, ...column }) => {
          expect(description).not.toBe("");
          return column;
        },
      );
      expect(columns).toEqual(tables[key as string]);
    },
  );

  it("nothing else is in the data", () => {
    const keys = new Set([...listable.map(keyOf), ...added]);
    expect(Object.keys(tables).filter((key) => !keys.has(key))).toEqual([]);
  });
});

/** Those that depend on how a server was started, and what it adds when it stores. */
function withoutVolatile(object: Data & KubernetesData): Data {
  const { kind: _kind, apiVersion: _version, status: _status, ...rest } = structuredClone(object);
  const { name, namespace, labels, annotations } = rest.metadata as Data;
  const metadata = { name, namespace, labels, annotations };
  const { spec } = rest as { spec?: { ports?: Data[] } };
  if (name === "kubernetes") for (const port of spec?.ports ?? []) delete port.targetPort;
  return JSON.parse(JSON.stringify({ ...rest, metadata })) as Data;
}

describe("a new server's", () => {
  it.each(Object.entries(bootstrap))("%s are those of Kubernetes 1.36", async (plural, objects) => {
    const resource = resources.find((one) => one.resource === plural) as ResourceFact;
    const { items } = (await get(pathOf(resource))) as unknown as {
      items: (Data & KubernetesData)[];
    };
    const byName = (list: (Data & KubernetesData)[]) =>
      Object.fromEntries(
        list.map((one) => [
          `${one.metadata.namespace ?? ""}/${one.metadata.name}`,
          withoutVolatile(one),
        ]),
      );
    expect(byName(items)).toEqual(byName(objects));
  });
});
