// What a request is about, read off its method and path (upstream: apiserver pkg/endpoints/request RequestInfoFactory).

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

export interface RequestInfo {
  /** False for paths such as /healthz, /version and discovery. */
  isResource: boolean;
  /** For other paths the method in lower case, as upstream names it in authorisation. */
  verb: string;
  path: string;
  group: string;
  version: string;
  namespace: string;
  /** Plural; "" when the path is no resource's. */
  resource: string;
  subresource: string;
  /** What follows the subresource (`proxy/<path>`). */
  rest: string;
  name: string;
}

const verbOfMethod: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of a namespace are its own; any other word there is a resource inside it. */
const namespaceSubresources = new Set(["status", "finalize"]);

function decoded(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info: RequestInfo = {
    isResource: false,
    verb: method.toLowerCase(),
    path,
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    rest: "",
    name: "",
  };
  const parts = path.split("/");
  let at = 2;
  if (parts[1] === "api") info.version = parts[at++] ?? "";
  else if (parts[1] === "apis") {
    info.group = parts[at++] ?? "";
    info.version = parts[at++] ?? "";
  } else return info;
  if (parts[at] === undefined || parts[at] === "") return info;

  info.isResource = true;
  info.verb = verbOfMethod[method] ?? "";
  // The deprecated form /api/v1/watch/…, which some old clients still send.
  const watchPath = parts[at] === "watch" && parts.length > at + 1;
  if (watchPath) at++;

  if (parts[at] === "namespaces") {
    const inside = parts[at + 2];
    if (parts[at + 1] !== undefined) info.namespace = decoded(parts[at + 1] as string);
    if (inside !== undefined && inside !== "" && !namespaceSubresources.has(inside)) at += 2;
  }
  info.resource = decoded(parts[at] ?? "");
  info.name = decoded(parts[at + 1] ?? "");
  info.subresource = parts[at + 2] ?? "";
  info.rest = parts.slice(at + 3).join("/");
  refineVerb(info, watchPath, query);
  return info;
}

function refineVerb(info: RequestInfo, watchPath: boolean, query: URLSearchParams): void {
  if (info.verb === "get") {
    const watch = query.get("watch");
    const watching = watch !== null && watch !== "false" && watch !== "0";
    if (watchPath || (watching && (info.name === "" || info.subresource === ""))) {
      info.verb = info.name !== "" && !watchPath ? "get" : "watch";
    } else if (info.name === "") info.verb = "list";
  } else if (info.verb === "delete" && info.name === "") info.verb = "deletecollection";
}

/** Requests that may last: they take no place among those in flight and have no request timeout. */
export function isLongRunning(info: RequestInfo): boolean {
  return (
    info.verb === "watch" ||
    info.subresource === "log" ||
    info.subresource === "exec" ||
    info.subresource === "attach" ||
    info.subresource === "portforward" ||
    info.subresource === "proxy"
  );
}
