// Serves /openapi/v2 and /openapi/v3. Documents are made on the first request for them and kept
// until a resource is added or removed.
import { createHash } from "node:crypto";
import type { ResourceFact } from "@coracle/shared/api/facts";
import type { DiscoveredResource, DiscoveryReply } from "./discovery.ts";
import { notAcceptable, parseAccept } from "./media-type.ts";
import { encodeGnostic } from "./openapi-gnostic.ts";
import type { Descriptions } from "./openapi-schema.ts";
import { noDescriptions } from "./openapi-schema.ts";
import { documentV2 } from "./openapi-v2.ts";
import type { GroupVersionApi } from "./openapi-v3.ts";
import { documentV3, groupVersionApi, schemaContext } from "./openapi-v3.ts";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface Document {
  body: Buffer;
  /** SHA-512 of the content, in upper-case hexadecimal. */
  hash: string;
}

const GNOSTIC = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/** What upstream answers with, since a media type may not hold an `@`. */
const GNOSTIC_REPLY = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

const hashOf = (content: string | Buffer): string =>
  createHash("sha512").update(content).digest("hex").toUpperCase();

const keyOf = (group: string, version: string): string =>
  group === "" ? `api/${version}` : `apis/${group}/${version}`;

export class OpenApi {
  readonly #rows: () => readonly DiscoveredResource[];
  readonly #descriptions: Descriptions;
  #of: readonly ResourceFact[] = [];
  /** By `api/v1`, `apis/apps/v1`. */
  #apis = new Map<string, GroupVersionApi>();
  #documents = new Map<string, Document>();

  constructor(
    rows: () => readonly DiscoveredResource[],
    descriptions: Descriptions = noDescriptions,
  ) {
    this.#rows = rows;
    this.#descriptions = descriptions;
  }

  /** Undefined for a path that is not OpenAPI's. Throws StatusError 406. */
  handle(path: string, headers: Headers): DiscoveryReply | undefined {
    if (path === "/openapi/v2") {
      this.#refresh();
      return this.#version2(headers);
    }
    if (path !== "/openapi/v3" && !path.startsWith("/openapi/v3/")) return undefined;
    this.#refresh();
    const key = path.slice("/openapi/v3/".length);
    if (key === "") return this.#index();
    const api = this.#apis.get(key);
    if (api === undefined) return undefined;
    return conditional(this.#document(key), headers, "application/json", { vary: "Accept" });
  }

  #refresh(): void {
    const facts = this.#rows().map((row) => row.fact);
    if (facts.length === this.#of.length && facts.every((fact, i) => fact === this.#of[i])) return;
    this.#of = facts;
    this.#apis = new Map();
    this.#documents = new Map();
    const byKey = new Map<string, ResourceFact[]>();
    for (const fact of facts) {
      const key = keyOf(fact.group ?? "", fact.version);
      byKey.set(key, [...(byKey.get(key) ?? []), fact]);
    }
    for (const [key, group] of [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const [first] = group as [ResourceFact];
      this.#apis.set(key, groupVersionApi(first.group ?? "", first.version, group));
    }
  }

  #index(): DiscoveryReply {
    const paths = Object.fromEntries(
      [...this.#apis.keys()].map((key) => [
        key,
        { serverRelativeURL: `/openapi/v3/${key}?hash=${this.#document(key).hash}` },
      ]),
    );
    const contentType = "text/plain; charset=utf-8";
    return { code: 200, contentType, body: JSON.stringify({ paths }) };
  }

  #prepared(key: string, make: () => Buffer): Document {
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const body = make();
    const document = { body, hash: hashOf(body) };
    this.#documents.set(key, document);
    return document;
  }

  #document(key: string): Document {
    return this.#prepared(key, () => {
      const api = this.#apis.get(key) as GroupVersionApi;
      const context = schemaContext(this.#descriptions, [api]);
      return Buffer.from(JSON.stringify(documentV3(api, context)));
    });
  }

  #version2(headers: Headers): DiscoveryReply {
    const format = versionTwoFormat(textOf(headers.accept));
    const extra = { vary: "Accept-Encoding, Accept" };
    const make = (): Record<string, unknown> => {
      const apis = [...this.#apis.values()];
      return documentV2(apis, schemaContext(this.#descriptions, apis));
    };
    if (format === "json") {
      const document = this.#prepared("v2", () => Buffer.from(JSON.stringify(make())));
      return conditional(document, headers, "application/json", extra);
    }
    const document = this.#prepared("v2+protobuf", () => encodeGnostic(make()));
    return conditional(document, headers, GNOSTIC_REPLY, extra);
  }
}

function versionTwoFormat(accept: string | undefined): "json" | "protobuf" {
  if (accept === undefined || accept === "") return "json";
  for (const { type, subtype } of parseAccept(accept)) {
    const media = `${type}/${subtype}`;
    if (media === GNOSTIC || media === GNOSTIC_REPLY) return "protobuf";
    if (media === "application/json" || media === "application/*" || media === "*/*") return "json";
  }
  throw notAcceptable(["application/json", GNOSTIC]);
}

function conditional(
  document: Document,
  headers: Headers,
  contentType: string,
  extra: Record<string, string>,
): DiscoveryReply {
  const etag = `"${document.hash}"`;
  const unchanged = textOf(headers["if-none-match"]) === etag;
  return {
    code: unchanged ? 304 : 200,
    contentType,
    body: unchanged ? "" : document.body,
    headers: { etag, ...extra },
  };
}

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(",") : header;
