// Makes answers of two servers comparable without losing what belongs together: the first resource version (or uid) of a case
// becomes `<rv1>`, wherever it shows up again, the next `<rv2>`, and so on.

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?=$|["/ ])/g;
const DURATION = /^(\d+(ms|s|m|h|d)|<invalid>)$/;
/** An object as it was, in the error of a patch: each server writes its members in its own order. */
const WHOLE_OBJECT = /(Invalid value: ")\{\\?"(?:apiVersion|kind).*\}(": )/;
const NUMBER = /\b\d{2,}\b/g;
const ADDRESS = /\b10\.\d+\.\d+\.\d+\b/g;

export class Relations {
  readonly #namespace: string;
  readonly #versions = new Map<string, string>();
  readonly #uids = new Map<string, string>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  shown(value: unknown, key = "", isList = false): unknown {
    if (typeof value === "string") return this.#text(value, key, isList);
    if (Array.isArray(value))
      return ordered(
        key,
        value.map((item) => this.shown(item)),
      );
    if (typeof value !== "object" || value === null) return value;
    if ("description" in value && "priority" in value) {
      const { description: _description, ...column } = value; // prose, and each server's own
      return column;
    }
    const isWhole = "items" in value || "rows" in value || isEndOfInitialEvents(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        this.shown(member, name, name === "metadata" ? isWhole : isList),
      ]),
    );
  }

  /** The version of a list, and of the bookmark behind one, depends on what else is written meanwhile. */
  #text(text: string, key: string, isList: boolean): string {
    if (key === "resourceVersion") {
      if (isList) return text === "" ? "" : "<list>";
      return text === "" ? text : named(this.#versions, text, "rv");
    }
    if (key === "continue") return text === "" ? text : "<continue>";
    if (key === "clusterIP") return text === "None" ? text : "<address>";
    if (DURATION.test(text)) return "<duration>";
    return text
      .replaceAll(this.#namespace, "<ns>")
      .replace(WHOLE_OBJECT, "$1<object>$2")
      .replace(UUID, (uid) => named(this.#uids, uid, "uid"))
      .replace(TIME, "<time>")
      .replace(SUFFIX, "-<rand>")
      .replace(ADDRESS, "<address>")
      .replace(/current: \d+/, "current: <n>")
      .replace(NUMBER, (number) => this.#versions.get(number) ?? number);
  }
}

function isEndOfInitialEvents(value: object): boolean {
  const { metadata } = value as { metadata?: { annotations?: object } };
  return "k8s.io/initial-events-end" in (metadata?.annotations ?? {});
}

function named(known: Map<string, string>, value: string, prefix: string): string {
  const name = known.get(value) ?? `<${prefix}${known.size + 1}>`;
  known.set(value, name);
  return name;
}

/** Entries of one second are ordered by their time first, which the clock decides. */
function ordered(key: string, list: unknown[]): unknown[] {
  if (key !== "managedFields") return list;
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
