// Resources of which nothing is stored: reviews that are answered at once, and lists that are computed when they are asked for.
import type { ResourceRow } from "@coracle/shared/api/resources";
import { pathNotFound } from "@coracle/shared/machinery/status-error";
import { describedResource, type ResourceTable } from "../registry/resource-table.ts";
import type { ApiRequest, Handled } from "./api-request.ts";
import { accessReviews } from "./computed/access-reviews.ts";
import { componentStatuses } from "./computed/component-statuses.ts";
import { identityReviews } from "./computed/identity-reviews.ts";
import { metricsResources } from "./computed/metrics.ts";
import type { Handlers } from "./dispatch.ts";

export interface ComputedResource {
  row: ResourceRow;
  /** Throws StatusError. Verbs that discovery does not name are refused before it is called. */
  answer(request: ApiRequest, handlers: Handlers): Handled | Promise<Handled>;
}

/** Keyed as discovery does: `<group>/<version>/<plural>`. */
const computed: readonly ComputedResource[] = [
  componentStatuses,
  ...identityReviews,
  ...accessReviews,
  ...metricsResources,
];

const byPath = new Map(
  computed.map((resource) => {
    const { group, version, plural } = resource.row;
    return [`${group}/${version}/${plural}`, resource];
  }),
);

export function describeComputed(table: ResourceTable): void {
  for (const { row } of computed) table.describe(describedResource(row));
}

/** Throws NotFound when no such resource is served. */
export function answerComputed(
  request: ApiRequest,
  handlers: Handlers,
): Handled | Promise<Handled> {
  const { group, version, resource } = request.info;
  const found = byPath.get(`${group}/${version}/${resource}`);
  if (found === undefined) throw pathNotFound();
  return found.answer(request, handlers);
}
