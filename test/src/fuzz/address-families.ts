// Requests whose path, query or headers are the matter.
import { resourceFacts } from "@coracle/shared/api/facts";
import type { Random } from "@coracle/shared/runtime/random";
import { type Corpus, collectionOf, NAMESPACE, pickObject } from "./corpus.ts";
import { chance, names, pick, texts } from "./extremes.ts";
import type { Family } from "./fuzz-request.ts";
import { listParameters, mutatedQuery } from "./query-mutations.ts";

const PATH_LENGTH_MAX = 12_000;

const plainPaths = [
  ..."/ /api /apis /api/v1 /apis/apps /apis/apps/v1 /version /healthz /livez /readyz".split(" "),
  ..."/metrics /openapi/v2 /openapi/v3 /openapi/v3/apis/apps/v1 /logs /debug/pprof".split(" "),
  ..."/.well-known/openid-configuration /openid/v1/jwks /snapshot /apis/x/v1/y/z".split(" "),
  ..."/readyz/ping /livez/etcd /healthz/x /api/v1/watch/pods /api/v1/namespaces".split(" "),
];

export function anyPath(random: Random, corpus: Corpus): string {
  const kind = random.integer(5);
  if (kind === 0) return pick(random, plainPaths);
  if (kind === 1) return pick(random, corpus.reads);
  if (kind === 2) {
    const { collection, name } = pickObject(random, corpus);
    return `${collection}/${name}`;
  }
  const fact = pick(random, resourceFacts);
  const collection = collectionOf(fact);
  const everywhere = collection.replace(`namespaces/${NAMESPACE}/`, "");
  return pick(random, [collection, everywhere]);
}

export const accepts = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/cbor",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v1beta1;g=meta.k8s.io, */*",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io",
  "application/yaml;as=Table;v=v1;g=meta.k8s.io",
  "application/json;stream=watch",
  "application/json;q=0.1,application/yaml;q=0.9",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "*/*",
  "application/*",
  "text/html",
  "",
  ";;;",
  "a/b;c",
  "application/json;as=__proto__;g=constructor;v=v1",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
];

const query =
  (corpus: Corpus): Family =>
  (random) => {
    const [path = ""] = anyPath(random, corpus).split("?");
    return {
      family: "query",
      method: chance(random, 0.9) ? "GET" : pick(random, ["HEAD", "OPTIONS", "DELETE", "POST"]),
      path:
        path +
        (chance(random, 0.7) ? mutatedQuery(random, listParameters, 4) : mutatedQuery(random)),
      headers: { accept: pick(random, accepts) },
    };
  };

const encodedSafely = (text: string): string => encodeURIComponent(Buffer.from(text).toString()); // halves of pairs replaced;

function mutatedPath(random: Random, from: string): string {
  const parts = from.split("/");
  for (let i = 1 + random.integer(3); i > 0; i--) {
    const at = 1 + random.integer(parts.length);
    const kind = random.integer(6);
    if (kind === 0) parts.splice(at, 1);
    else if (kind === 1) parts.splice(at, 0, encodedSafely(pick(random, names)));
    else if (kind === 2) parts[at] = encodedSafely(pick(random, texts));
    else if (kind === 3)
      parts.splice(
        at,
        0,
        pick(random, [
          "",
          ".",
          "..",
          "%2f",
          "%",
          "%zz",
          "%00",
          "%ff",
          ";",
          "watch",
          "proxy",
          "namespaces",
        ]),
      );
    else if (kind === 4)
      parts.push(
        pick(random, [
          "status",
          "scale",
          "log",
          "exec",
          "proxy",
          "x",
          "binding",
          "eviction",
          "token",
          "resize",
          "finalize",
          "approval",
          "ephemeralcontainers",
        ]),
      );
    else
      parts[at] = pick(random, names)
        .replaceAll(/[^!-~]/g, "~")
        .replaceAll(/[?#]/g, "");
  }
  return parts.join("/").slice(0, PATH_LENGTH_MAX) || "/";
}

const path =
  (corpus: Corpus): Family =>
  (random) => {
    const changed = mutatedPath(random, anyPath(random, corpus));
    const method = pick(random, ["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST"]);
    return {
      family: "path",
      method,
      path: changed.startsWith("/") ? changed : `/${changed}`,
      headers: { accept: pick(random, accepts) },
      ...(method.startsWith("P") ? { body: Buffer.from("{}") } : {}),
    };
  };

const headerValues: Readonly<Record<string, readonly string[]>> = {
  accept: accepts,
  "accept-encoding": ["gzip", "gzip;q=0", "br", "identity;q=0", "*;q=0", "gzip, ".repeat(1000)],
  "content-type": ["", "application/json; charset=", "application/json;;", "x", "*/*", "\u00e4"],
  "content-encoding": ["gzip", "x"],
  authorization: [
    "Bearer x",
    "Bearer ",
    "Basic eDp4",
    "x",
    `Bearer ${"a.".repeat(3000)}`,
    "Bearer e30.e30.e30",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
  ],
  "impersonate-user": names,
  "impersonate-group": names,
  "impersonate-uid": names,
  "impersonate-extra-%ff": names,
  "impersonate-extra-__proto__": names,
  "if-none-match": ['"x"', "*", '""', 'W/"x"'],
  "if-modified-since": ["x", "Thu, 01 Jan 1970 00:00:00 GMT"],
  range: ["bytes=0-1", "bytes=9-1"],
  expect: ["x"],
  "user-agent": ["", "/", "x/".repeat(3000), "\u00ff", "__proto__/1"],
  "x-forwarded-for": ["127.0.0.1", "x"],
  "x-stream-protocol-version": ["v4.channel.k8s.io", "x"],
  te: ["trailers"],
  cookie: ["a=b"],
  host: ["", "x", "[::1"],
  __proto__x: ["a"],
};
const headerNames = Object.keys(headerValues);

const sendable = (value: string): string =>
  value.replaceAll(/[^\t -~\u0080-\u00ff]/g, "?").slice(0, 8000);

const header =
  (corpus: Corpus): Family =>
  (random) => {
    const headers: Record<string, string> = {};
    for (let i = 1 + random.integer(3); i > 0; i--) {
      const name = pick(random, headerNames);
      headers[name.replace(/[^!-~]/g, "")] = sendable(
        pick(random, headerValues[name] as readonly string[]),
      );
    }
    return { family: "header", method: "GET", path: anyPath(random, corpus), headers };
  };

const watchAccepts = [
  ...accepts,
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
  "application/json;as=Table;v=v1;g=meta.k8s.io;stream=watch",
];
const watchParameters = listParameters.filter((name) => name !== "watch");

/** Also with parameters that make no sense in a watch, and on one object, which may not be there. */
const watch =
  (corpus: Corpus): Family =>
  (random) => {
    const { collection, name } = pickObject(random, corpus);
    const target = chance(random, 0.15) ? `${collection}/${name}` : collection;
    const isOld = chance(random, 0.15); // /api/v1/watch/…
    const given = mutatedQuery(random, watchParameters, 3);
    const query = isOld ? given : `${given === "" ? "?" : `${given}&`}watch=true`;
    const start = pick(random, ["", "", "&resourceVersion=0", "&resourceVersion=1"]);
    return {
      family: "watch",
      method: "GET",
      path: (isOld ? target.replace(/(\/v\d\w*\/)/, "$1watch/") : target) + query + start,
      headers: { accept: chance(random, 0.4) ? pick(random, watchAccepts) : "application/json" },
      ...(chance(random, 0.1) ? { leaves: "answer" as const } : {}),
    };
  };

export const addressFamilies = (corpus: Corpus): readonly (readonly [number, Family])[] => [
  [14, query(corpus)],
  [9, path(corpus)],
  [5, header(corpus)],
  [4, watch(corpus)],
];
