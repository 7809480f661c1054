// Impersonate-* headers: a request in somebody else's name (upstream: apiserver pkg/endpoints/filters/impersonation, with
// constrained impersonation). The modes are tried in order, each with permissions of its own; the last is the old
// `impersonate` verb. The refusal is that of the first mode that applies.
import type { IncomingMessage } from "node:http";
import { isDns1123Label, isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { badRequest, isForbidden, type StatusError } from "@coracle/shared/machinery/status-error";
import type { User } from "../registry/user.ts";
import { type AccessAttributes, type Authorizer, authorize, denial } from "./authorization.ts";

const EXTRA_PREFIX = "impersonate-extra-";
const ANONYMOUS = "system:anonymous";
const AUTHENTICATED = "system:authenticated";
const UNAUTHENTICATED = "system:unauthenticated";
const NODE_PREFIX = "system:node:";
const ACCOUNT_PREFIX = "system:serviceaccount:";
const NODE_NAME_KEY = "authentication.kubernetes.io/node-name";

interface Wanted extends User {
  extra: Record<string, string[]>;
}

type Headers = Pick<IncomingMessage, "headers" | "headersDistinct">;

/** Node makes the distinct headers anew each time: not for a request that needs none. */
function mentionsImpersonation({ headers }: Headers): boolean {
  for (const name in headers) if (name.startsWith("impersonate-")) return true;
  return false;
}

/** The headers' own words; undefined when there are none. Throws 400. */
function wantedUser(raw: Headers): Wanted | undefined {
  if (!mentionsImpersonation(raw)) return undefined;
  const { headersDistinct } = raw;
  const one = (name: string) => headersDistinct[name]?.[0] ?? "";
  const groups = headersDistinct["impersonate-group"] ?? [];
  const extra = Object.create(null) as Record<string, string[]>; // a key may be `__proto__`
  for (const [header, values = []] of Object.entries(headersDistinct)) {
    if (header.startsWith(EXTRA_PREFIX))
      extra[unescaped(header.slice(EXTRA_PREFIX.length))] = values;
  }
  const [name, uid] = [one("impersonate-user"), one("impersonate-uid")];
  const wanted: Wanted = { name, uid, groups, extra };
  if (wanted.name !== "") return wanted;
  if (wanted.uid === "" && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(`requested ${goText(wanted)} without impersonating a user name`);
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As Go's %#v prints the user. */
function goText({ uid, groups, extra }: Wanted): string {
  const strings = (values: readonly string[]) =>
    `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1));
  const shownGroups = groups.length === 0 ? "[]string(nil)" : strings(groups);
  const shownExtra =
    entries.length === 0
      ? "map[string][]string(nil)"
      : `map[string][]string{${entries.map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`).join(", ")}}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${shownGroups}, Extra:${shownExtra}}`;
}

const hasNameOnly = ({ uid, groups, extra }: Wanted): boolean =>
  uid === "" && groups.length === 0 && Object.keys(extra).length === 0;

function nodeOf(name: string): string | undefined {
  if (!name.startsWith(NODE_PREFIX)) return undefined;
  const node = name.slice(NODE_PREFIX.length);
  return isDns1123Subdomain(node).length === 0 ? node : undefined;
}

/** Namespace and name in `system:serviceaccount:<namespace>:<name>`. */
export function serviceAccountOf(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(ACCOUNT_PREFIX)) return undefined;
  const [namespace = "", name = "", ...rest] = user.slice(ACCOUNT_PREFIX.length).split(":");
  if (rest.length > 0 || isDns1123Label(namespace).length > 0) return undefined;
  return isDns1123Subdomain(name).length === 0 ? { namespace, name } : undefined;
}

export const serviceAccountGroups = (namespace: string): string[] => [
  "system:serviceaccounts",
  `system:serviceaccounts:${namespace}`,
];

interface Mode {
  /** "" for the old way, which asks for the verb `impersonate` only. */
  name: string;
  applies(wanted: Wanted, requestor: User): boolean;
}

const modes: readonly Mode[] = [
  {
    name: "associated-node",
    applies: (wanted, requestor) =>
      hasNameOnly(wanted) &&
      nodeOf(wanted.name) !== undefined &&
      serviceAccountOf(requestor.name) !== undefined &&
      requestor.extra?.[NODE_NAME_KEY]?.[0] === nodeOf(wanted.name),
  },
  {
    name: "arbitrary-node",
    applies: (wanted) => hasNameOnly(wanted) && nodeOf(wanted.name) !== undefined,
  },
  {
    name: "serviceaccount",
    applies: (wanted) => hasNameOnly(wanted) && serviceAccountOf(wanted.name) !== undefined,
  },
  {
    name: "user-info",
    applies: ({ name }) => nodeOf(name) === undefined && serviceAccountOf(name) === undefined,
  },
  { name: "", applies: () => true },
];

const REMEMBERED_MAX = 10_000;

export class Impersonation {
  readonly #authorizer: Authorizer;
  /** By requestor: the mode that worked last is tried first. */
  readonly #last = new Map<string, Mode>();

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** Whose request it is: `requestor`, or whom the headers name. Throws 400 and 403. */
  userOf(raw: Headers, requestor: User, attributes: AccessAttributes): User {
    const wanted = wantedUser(raw);
    if (wanted === undefined) return requestor;
    let refusal: StatusError | undefined;
    const last = this.#last.get(requestor.name);
    const order = last === undefined ? modes : [last, ...modes.filter((mode) => mode !== last)];
    for (const mode of order) {
      if (!mode.applies(wanted, requestor)) continue;
      try {
        const user = inMode(mode.name, wanted, requestor, attributes, this.#authorizer);
        this.#remember(requestor.name, mode);
        return user;
      } catch (error) {
        if (!isForbidden(error)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  #remember(requestor: string, mode: Mode): void {
    if (this.#last.size >= REMEMBERED_MAX) this.#last.clear();
    this.#last.set(requestor, mode);
  }
}

function inMode(
  mode: string,
  wanted: Wanted,
  requestor: User,
  attributes: AccessAttributes,
  authorizer: Authorizer,
): User {
  const constrained = mode !== "";
  const verb = constrained ? `impersonate:${mode}` : "impersonate";
  const ask = (what: Partial<AccessAttributes>) => asking(verb, what);
  const check = (what: AccessAttributes) => authorize(authorizer, requestor, what);
  const own = { group: constrained ? "authentication.k8s.io" : "" };
  if (constrained) check({ ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` });
  const { resource, name, namespace, groups } = identityOf(wanted, mode);
  check(ask({ ...own, resource, name, namespace }));
  const review = { group: "authentication.k8s.io" };
  if (wanted.uid !== "") check(ask({ ...review, resource: "uids", name: wanted.uid }));
  for (const group of wanted.groups) {
    const what = ask({ ...own, resource: "groups", name: group });
    if (constrained && (group === "" || group === "system:masters")) {
      throw denial(
        requestor,
        what,
        `impersonating the ${group || "empty string"} group is not allowed`,
      );
    }
    check(what);
  }
  for (const [key, values] of Object.entries(wanted.extra)) {
    for (const value of values) {
      check(ask({ ...review, resource: "userextras", subresource: key, name: value }));
    }
  }
  return { ...wanted, groups: withStanding(wanted.name, groups) };
}

function asking(verb: string, what: Partial<AccessAttributes>): AccessAttributes {
  const nothing = { group: "", resource: "", subresource: "", namespace: "", name: "", path: "" };
  return { isResource: true, ...nothing, ...what, verb };
}

/** What has to be permitted for the name, and the groups that come with it. */
function identityOf({ name, groups }: Wanted, mode: string) {
  const node = mode === "" ? undefined : nodeOf(name);
  if (node !== undefined) {
    return { resource: "nodes", name: node, namespace: "", groups: ["system:nodes"] };
  }
  const account = serviceAccountOf(name);
  if (account === undefined) return { resource: "users", name, namespace: "", groups };
  const inherent = groups.length === 0 ? serviceAccountGroups(account.namespace) : groups;
  return { resource: "serviceaccounts", ...account, groups: inherent };
}

function withStanding(name: string, groups: readonly string[]): readonly string[] {
  if (groups.includes(UNAUTHENTICATED)) return groups;
  const standing = name === ANONYMOUS ? UNAUTHENTICATED : AUTHENTICATED;
  return groups.includes(standing) ? groups : [...groups, standing];
}
