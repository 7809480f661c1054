// Discovery: which groups, versions and resources are served, in the old form (one document a
// group version) and the aggregated one. Derived from the table of served resources each time that
// it changes.
import { createHash } from "node:crypto";
import type { ResourceFact } from "@coracle/shared/api/facts";
import { resourceFacts } from "@coracle/shared/api/facts";
import type { APIGroup, APIResource } from "@coracle/shared/api/types/meta-v1";
import type { Format } from "./media-type.ts";
import { mediaTypes, negotiate, parseAccept } from "./media-type.ts";
import { encodeProtobuf } from "./protobuf.ts";
import { encodeYaml } from "./yaml.ts";

/** A row of the table of served resources. */
export interface DiscoveredResource {
  fact: ResourceFact;
}

export interface DiscoveryReply {
  code: number;
  contentType: string;
  body: Buffer | string;
  headers?: Record<string, string>;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const groupOf = (fact: ResourceFact): string => fact.group ?? "";

const factOrder = new Map(
  resourceFacts.map((fact, index) => [`${groupOf(fact)}/${fact.resource}`, index]),
);

/** The kinds that upstream stores in another version than the one that is asked for. */
const storedAs: Readonly<Record<string, string>> = {
  "events.k8s.io/v1/Event": "/v1/Event",
  "autoscaling/v1/HorizontalPodAutoscaler": "autoscaling/v2/HorizontalPodAutoscaler",
  "apiextensions.k8s.io/v1/CustomResourceDefinition":
    "apiextensions.k8s.io/v1beta1/CustomResourceDefinition",
  "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy":
    "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy",
  "admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding":
    "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding",
};

/** Upstream's hash of the version in which a kind is stored. */
export function storageVersionHash(group: string, version: string, kind: string): string {
  const name = `${group}/${version}/${kind}`;
  const digest = createHash("sha256")
    .update(storedAs[name] ?? name)
    .digest();
  return digest.subarray(0, 8).toString("base64");
}

/** v2 before v1 before v1beta1 before v1alpha1 (upstream's CompareKubeAwareVersionStrings). */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): number[] => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (parts === null) return [0, 0, 0];
    const stability = parts[2] === undefined ? 3 : parts[2] === "beta" ? 2 : 1;
    return [stability, Number(parts[1]), Number(parts[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (right[i] as number) - (left[i] as number);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Group {
  name: string;
  versions: { version: string; facts: ResourceFact[] }[];
}

function groupsOf(rows: readonly DiscoveredResource[]): Group[] {
  const facts = rows.map((row) => row.fact);
  const servesPods = facts.some((fact) => groupOf(fact) === "" && fact.resource === "pods");
  const bindings = resourceFacts.find((fact) => fact.resource === "bindings");
  if (servesPods && bindings !== undefined && !facts.includes(bindings)) facts.push(bindings);
  const position = (fact: ResourceFact): number =>
    factOrder.get(`${groupOf(fact)}/${fact.resource}`) ?? Number.MAX_SAFE_INTEGER;
  facts.sort((a, b) => position(a) - position(b) || (a.resource < b.resource ? -1 : 1));
  const groups = new Map<string, Group>();
  for (const fact of facts) {
    const name = groupOf(fact);
    const group = groups.get(name) ?? { name, versions: [] };
    groups.set(name, group);
    const version = group.versions.find((v) => v.version === fact.version);
    if (version === undefined) group.versions.push({ version: fact.version, facts: [fact] });
    else version.facts.push(fact);
  }
  for (const group of groups.values())
    group.versions.sort((a, b) => compareVersions(a.version, b.version));
  return [...groups.values()];
}

const groupVersion = (group: string, version: string): string =>
  group === "" ? version : `${group}/${version}`;

function apiGroup(group: Group): Omit<APIGroup, "kind" | "apiVersion"> {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: groupVersion(group.name, version),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

function apiResources(facts: readonly ResourceFact[]): APIResource[] {
  return facts.flatMap((fact) => {
    const namespaced = fact.scope === "Namespaced";
    const main: APIResource = {
      name: fact.resource,
      singularName: fact.singular,
      namespaced,
      kind: fact.kind,
      verbs: fact.verbs,
    };
    if (fact.shortNames !== undefined) main.shortNames = fact.shortNames;
    if (fact.categories !== undefined) main.categories = fact.categories;
    if (fact.verbs.includes("list") && fact.verbs.includes("create"))
      main.storageVersionHash = storageVersionHash(groupOf(fact), fact.version, fact.kind);
    const others = (fact.subresources ?? []).map(
      (sub): APIResource => ({
        name: `${fact.resource}/${sub.name}`,
        singularName: "",
        namespaced,
        ...(sub.kindVersion !== "" && { group: sub.kindGroup, version: sub.kindVersion }),
        kind: sub.kind,
        verbs: sub.verbs,
      }),
    );
    return [main, ...others];
  });
}

function discoveredResource(fact: ResourceFact): object {
  const kindOf = (kind: string, group = "", version = ""): object => ({ group, version, kind });
  return {
    resource: fact.resource,
    responseKind: kindOf(fact.kind),
    scope: fact.scope,
    singularResource: fact.singular,
    verbs: fact.verbs,
    ...(fact.shortNames && { shortNames: fact.shortNames }),
    ...(fact.categories && { categories: fact.categories }),
    ...(fact.subresources && {
      subresources: fact.subresources.map((sub) => ({
        subresource: sub.name,
        responseKind: kindOf(sub.kind, sub.kindGroup, sub.kindVersion),
        verbs: sub.verbs,
      })),
    }),
  };
}

function aggregated(groups: readonly Group[]): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === "" ? {} : { name: group.name },
      versions: group.versions.map(({ version, facts }) => ({
        version,
        resources: facts.map(discoveredResource),
        freshness: "Current",
      })),
    })),
  };
}

/** Format of the aggregated form when the client prefers that to the old one. */
function aggregatedFormat(accept: string | undefined): Format | undefined {
  if (accept?.includes("APIGroupDiscoveryList") !== true) return undefined;
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    const format = (["json", "protobuf"] as const).find(
      (f) => mediaTypes[f] === `${type}/${subtype}`,
    );
    if (format === undefined) continue;
    const [kind, group, version] = ["as", "g", "v"].map((name) => parameters.get(name));
    if (kind === undefined && group === undefined && version === undefined) return undefined;
    if (kind === "APIGroupDiscoveryList" && group === "apidiscovery.k8s.io" && version === "v2")
      return format;
  }
  return undefined;
}

interface Prepared {
  body: Buffer;
  etag: string;
}

export class Discovery {
  readonly #rows: () => readonly DiscoveredResource[];
  readonly #serverAddress: string | undefined;
  /** Rows that the groups and documents were made of. */
  #of: readonly ResourceFact[] = [];
  #groups: Group[] = [];
  #prepared = new Map<string, Prepared>();

  /** `serverAddress` is what /api tells clients to use (`10.0.0.1:6443`); by default the
   *  request's host. */
  constructor(rows: () => readonly DiscoveredResource[], serverAddress?: string) {
    this.#rows = rows;
    this.#serverAddress = serverAddress;
  }

  /** The reply to /api, /apis and what lies directly below; undefined for another path. Throws
   *  StatusError 406. */
  handle(path: string, headers: Headers): DiscoveryReply | undefined {
    const parts = path.split("/").filter((part) => part !== "");
    const [root, first, second] = parts;
    if ((root !== "api" && root !== "apis") || parts.length > (root === "api" ? 2 : 3))
      return undefined;
    this.#refresh();
    if (parts.length === 1) return this.#roots(root, headers);
    const group = root === "api" ? "" : first;
    const version = root === "api" ? first : second;
    const found = this.#groups.find((g) => g.name === group);
    if (found === undefined) return undefined;
    if (version === undefined)
      return reply({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(found) }, headers);
    const facts = found.versions.find((v) => v.version === version)?.facts;
    if (facts === undefined) return undefined;
    return reply(
      {
        kind: "APIResourceList",
        ...(root === "apis" && { apiVersion: "v1" }),
        groupVersion: groupVersion(found.name, version),
        resources: apiResources(facts),
      },
      headers,
    );
  }

  #refresh(): void {
    const facts = this.#rows().map((row) => row.fact);
    if (facts.length === this.#of.length && facts.every((fact, i) => fact === this.#of[i])) return;
    this.#of = facts;
    this.#groups = groupsOf(facts.map((fact) => ({ fact })));
    this.#prepared.clear();
  }

  #roots(root: "api" | "apis", headers: Headers): DiscoveryReply {
    const groups = this.#groups.filter((group) => (group.name === "") === (root === "api"));
    const format = aggregatedFormat(textOf(headers.accept));
    if (format !== undefined) return this.#aggregated(root, groups, format, headers);
    if (root === "apis")
      return reply(
        { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) },
        headers,
      );
    const serverAddress =
      this.#serverAddress ?? textOf(headers.host ?? headers[":authority"]) ?? "";
    return reply(
      {
        kind: "APIVersions",
        versions: groups.flatMap((group) => group.versions.map(({ version }) => version)),
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
      },
      headers,
    );
  }

  #aggregated(
    root: string,
    groups: readonly Group[],
    format: Format,
    headers: Headers,
  ): DiscoveryReply {
    let prepared = this.#prepared.get(root + format);
    if (prepared === undefined) {
      const document = aggregated(groups);
      const body =
        format === "json" ? Buffer.from(`${JSON.stringify(document)}\n`) : encodeProtobuf(document);
      const hash = createHash("sha512").update(JSON.stringify(document)).digest("hex");
      prepared = { body, etag: `"${hash.toUpperCase()}"` };
      this.#prepared.set(root + format, prepared);
    }
    const { body, etag } = prepared;
    const unchanged = textOf(headers["if-none-match"]) === etag;
    return {
      code: unchanged ? 304 : 200,
      contentType: `${mediaTypes[format]};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`,
      body: unchanged ? "" : body,
      headers: { etag, vary: "Accept", "cache-control": "public" },
    };
  }
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(",") : header;

function reply(document: object, headers: Headers): DiscoveryReply {
  const wanted = negotiate(textOf(headers.accept), {
    tables: false,
    transforms: false,
    unrouted: true,
    userAgent: textOf(headers["user-agent"]),
  });
  const contentType = mediaTypes[wanted.format];
  if (wanted.format === "yaml") return { code: 200, contentType, body: encodeYaml(document) };
  if (wanted.format === "protobuf")
    return { code: 200, contentType, body: encodeProtobuf(document) };
  const text = wanted.pretty ? JSON.stringify(document, null, 2) : `${JSON.stringify(document)}\n`;
  return { code: 200, contentType, body: text };
}
