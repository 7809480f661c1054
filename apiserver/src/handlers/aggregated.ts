// Group versions that an APIService leaves to another server. Requests are not forwarded: the answer is upstream's as long as
// that server cannot be reached.
import type { APIService } from "@coracle/shared/api/types/apiregistration-v1";
import type { RequestInfo } from "../filters/request-info.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { respondValue } from "./respond.ts";

const UNAVAILABLE: Reply = {
  code: 503,
  contentType: "text/plain; charset=utf-8",
  body: "service unavailable\n",
  headers: { "x-content-type-options": "nosniff" },
};

/** Undefined when no APIService names the group version. */
export function aggregatedReply(
  request: ApiRequest,
  apiServices: ServedResource | undefined,
): Reply | undefined {
  const { group, version } = request.info;
  if (group === "" || apiServices === undefined) return undefined;
  if (version === "") return groupReply(request, apiServices);
  const cached = apiServices.cache.get("", `${version}.${group}`);
  if (cached === undefined) return undefined;
  const { spec } = JSON.parse(cached.bytes.toString()) as APIService;
  return spec.service ? UNAVAILABLE : undefined;
}

/** `/apis/<group>` and nothing behind it. */
const isGroupPath = ({ isResource, path, group }: RequestInfo): boolean =>
  !isResource && (path === `/apis/${group}` || path === `/apis/${group}/`);

function groupReply(request: ApiRequest, { cache }: ServedResource): Reply | undefined {
  const { info } = request;
  if (!isGroupPath(info) || request.method !== "GET") return undefined;
  const own = cache
    .list({})
    .items.map(({ bytes }) => JSON.parse(bytes.toString()) as APIService)
    .filter(({ spec }) => spec.group === info.group && spec.service)
    .sort((a, b) => b.spec.versionPriority - a.spec.versionPriority);
  const versions = own.map(({ spec }) => ({
    groupVersion: `${info.group}/${spec.version}`,
    version: spec.version ?? "",
  }));
  const [preferredVersion] = versions;
  if (preferredVersion === undefined) return undefined;
  const group = { kind: "APIGroup", apiVersion: "v1", name: info.group, versions };
  return respondValue(request, { ...group, preferredVersion });
}
