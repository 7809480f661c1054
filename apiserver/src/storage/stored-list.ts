// A list at a revision that the watch cache no longer has, out of the store's history. Slower than the cache: it reads the disk.
import { CachedObject, namespaceOf, type ObjectForm, serve } from "./cached-object.ts";
import type { Storage } from "./storage.ts";
import type { ListOptions, ListResult } from "./watch-cache.ts";

const PAGE_ITEMS = 500;

/** As WatchCache.list(). Errors: CompactedError, FutureRevisionError. */
export async function listStored(
  storage: Storage,
  form: ObjectForm,
  options: ListOptions,
): Promise<ListResult> {
  const { namespace, predicate, revision } = options;
  const prefix = namespace ? `${form.prefix}${namespace}/` : form.prefix;
  const limit = options.limit || Number.POSITIVE_INFINITY;
  const items: CachedObject[] = [];
  let startAfter = options.startAfter;
  for (;;) {
    const pageLimit = predicate === undefined ? options.limit : PAGE_ITEMS;
    const page = await storage.range({ prefix, startAfter, limit: pageLimit, revision });
    for (const { key, value, revision: written } of page.items) {
      const bytes = serve(value, form.headLength, written);
      const object = new CachedObject(form, key, namespaceOf(form.prefix, key), written, bytes);
      if (predicate !== undefined && !predicate(object)) continue;
      if (items.length === limit) {
        return { items, revision: page.revision, more: true, remaining: 0 };
      }
      items.push(object);
    }
    startAfter = page.items.at(-1)?.key;
    if (predicate === undefined || !page.more) {
      const remaining = page.count - page.items.length;
      return { items, revision: page.revision, more: page.more, remaining };
    }
  }
}
