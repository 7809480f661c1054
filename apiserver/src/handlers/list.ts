// GET of a collection: spliced out of cached bytes, at an exact snapshot, page by page.
import { badRequest, expired } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import { encodePartialObjectList, encodeTable } from "../encoding/table.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import { CompactedError } from "../storage/storage.ts";
import type {
  CachedObject,
  ListOptions as CacheListOptions,
  ListResult,
} from "../storage/watch-cache.ts";
import { type ApiRequest, type Handled, JSON_TYPE } from "./api-request.ts";
import { continueExpired, decodeContinue, encodeContinue } from "./continue-token.ts";
import {
  type ListOptions,
  listOptions,
  parseResourceVersion,
  tooLargeResourceVersion,
} from "./options.ts";
import { accepted, render, wrongPartial } from "./respond.ts";
import { selectionOf } from "./selection.ts";

const FRESH_WAIT_MS = 3_000;
const CHUNK_BYTES = 256 * 1024;

interface Page {
  items: readonly CachedObject[];
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

export async function listObjects(
  request: ApiRequest,
  resource: ServedResource,
  clock: Clock,
): Promise<Handled> {
  const options = listOptions(request.query, false);
  const wanted = accepted(request, { lists: true });
  const page = await pageOf(request, resource, options);
  if (wanted.format === "json" && wanted.as === "object" && !wanted.pretty) {
    return plainList(resource, page);
  }
  const objects = page.items.map((item) => JSON.parse(item.bytes.toString()) as AnyObject);
  if (wanted.as === "table") {
    const table = encodeTable({
      resource,
      objects,
      now: clock.now(),
      includeObject: request.query.get("includeObject") ?? "Metadata",
      metadata: page.metadata,
      version: wanted.version,
    });
    return render(wanted, table);
  }
  if (wanted.as === "partial") {
    if (wanted.ofList !== true) throw wrongPartial(resource, true);
    return render(wanted, encodePartialObjectList(objects, page.metadata, wanted.version));
  }
  const items = objects.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
  const list = {
    kind: `${resource.kind}List`,
    apiVersion: resource.apiVersion,
    metadata: page.metadata,
    items,
  };
  return render(wanted, list);
}

/** What the request's list shows. Throws StatusError. */
export async function pageOf(
  request: ApiRequest,
  resource: ServedResource,
  options: ListOptions,
): Promise<Page> {
  const { predicate, field } = selectionOf(resource, options);
  const { namespace, name } = request.info;
  // As from upstream's cache, of which all is given that is there.
  const isAny = options.resourceVersion === "0";
  const limit = options.limit > 0 && !isAny ? options.limit : undefined;
  const base = { namespace: namespace === "" ? undefined : namespace, predicate, field };
  if (options.continue !== "") {
    if (options.resourceVersion !== "" && !isAny) {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return continued(resource, options, base, limit);
  }

  const revision = parseResourceVersion(options.resourceVersion);
  const exact = options.resourceVersionMatch === "Exact" || isLegacyExact(options, revision, limit);
  if (revision !== undefined && !(await resource.cache.waitFor(revision, FRESH_WAIT_MS))) {
    throw tooLargeResourceVersion(revision, resource.cache.revision);
  }
  try {
    const found = await listAt(resource, {
      ...base,
      limit,
      revision: exact ? revision : undefined,
    });
    return toPage(
      resource,
      found,
      limit !== undefined && predicate === undefined && name === "",
      inNamespaceOf(base.namespace),
    );
  } catch (error) {
    if (error instanceof CompactedError) {
      throw expired(`The resourceVersion for the provided list is too old.`);
    }
    throw error;
  }
}

/** Without a match, a limit with a version that is not 0 means that very version (upstream's legacy rule). */
function isLegacyExact(
  options: ListOptions,
  revision: number | undefined,
  limit?: number,
): boolean {
  return options.resourceVersionMatch === "" && limit !== undefined && (revision ?? 0) > 0;
}

/** Continue tokens are relative to the namespace of their list. */
const inNamespaceOf = (namespace: string | undefined): string =>
  namespace === undefined ? "" : `${namespace}/`;

/** From memory; what the cache no longer keeps, from the store's history. Throws CompactedError. */
async function listAt(resource: ServedResource, options: CacheListOptions): Promise<ListResult> {
  try {
    return resource.cache.list(options);
  } catch (error) {
    if (error instanceof CompactedError) return resource.cache.listStored(options);
    throw error;
  }
}

async function continued(
  resource: ServedResource,
  options: ListOptions,
  base: Pick<CacheListOptions, "namespace" | "predicate" | "field">,
  limit: number | undefined,
): Promise<Page> {
  const token = decodeContinue(options.continue);
  const inNamespace = inNamespaceOf(base.namespace);
  const startAfter = `${resource.keyPrefix}${inNamespace}${token.after}`;
  const revision = token.revision < 0 ? undefined : token.revision;
  if (revision !== undefined && !(await resource.cache.waitFor(revision, FRESH_WAIT_MS))) {
    throw tooLargeResourceVersion(revision, resource.cache.revision);
  }
  try {
    const found = await listAt(resource, { ...base, limit, startAfter, revision });
    return toPage(resource, found, base.predicate === undefined, inNamespace);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    throw continueExpired(encodeContinue({ revision: -1, after: token.after }));
  }
}

function toPage(
  resource: ServedResource,
  found: ListResult,
  counted: boolean,
  inNamespace: string,
): Page {
  const metadata: Page["metadata"] = { resourceVersion: String(found.revision) };
  const last = found.items.at(-1);
  if (found.more && last !== undefined) {
    const after = last.key.slice(resource.keyPrefix.length + inNamespace.length);
    metadata.continue = encodeContinue({ revision: found.revision, after });
    if (counted) metadata.remainingItemCount = found.remaining;
  }
  return { items: found.items, metadata };
}

const COMMA = 0x2c;
const OPEN = 0x7b; // {
const TYPE_END = '"metadata":{';

const TAIL = "]}";

/** Items drop their type by slicing: `{` and the bytes from `"metadata"` on. */
function plainList(resource: ServedResource, { items, metadata }: Page): Handled {
  const head = `{"kind":"${resource.kind}List","apiVersion":"${resource.apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;
  const skip = resource.head.length - TYPE_END.length;
  let length = head.length + Math.max(0, items.length - 1) + TAIL.length;
  for (const item of items) length += 1 + item.bytes.length - skip;
  const reply = { code: 200, contentType: JSON_TYPE };
  const body = listChunks(head, items, skip, Math.min(length, CHUNK_BYTES));
  if (length > CHUNK_BYTES) return { ...reply, chunks: body, length };
  return { ...reply, body: body.next().value as Buffer };
}

/** Of `size` bytes at most, in the same memory (unless a single item needs more), made when the client has taken the one before. */
function* listChunks(
  head: string,
  items: readonly CachedObject[],
  skip: number,
  size: number,
): Generator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size);
  let end = buffer.write(head, "latin1");
  for (let i = 0; i < items.length; i++) {
    const { bytes } = items[i] as CachedObject;
    const itemBytes = bytes.length - skip + 2;
    if (end + itemBytes > size) {
      yield buffer.subarray(0, end);
      end = 0;
    }
    const target = itemBytes > size ? Buffer.allocUnsafeSlow(itemBytes) : buffer;
    if (i > 0) target[end++] = COMMA;
    target[end++] = OPEN;
    end += bytes.copy(target, end, skip);
    if (target === buffer) continue;
    yield target.subarray(0, end);
    end = 0;
  }
  if (end + TAIL.length > size) {
    yield buffer.subarray(0, end);
    end = 0;
  }
  end += buffer.write(TAIL, end, "latin1");
  yield buffer.subarray(0, end);
}
