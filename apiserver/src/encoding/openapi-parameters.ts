// Query and path parameters that operations share.

export interface Parameter {
  name: string;
  in: "query" | "path";
  type: "string" | "boolean" | "integer";
  description: string;
}

const query = (name: string, type: Parameter["type"], description: string): Parameter => ({
  name,
  in: "query",
  type,
  description,
});

export const pathParameters = {
  name: { name: "name", in: "path", type: "string", description: "name of the object" },
  namespace: {
    name: "namespace",
    in: "path",
    type: "string",
    description: "namespace of the object",
  },
  path: { name: "path", in: "path", type: "string", description: "path of the proxied URL" },
} as const satisfies Record<string, Parameter>;

export const parameters = {
  allowWatchBookmarks: query(
    "allowWatchBookmarks",
    "boolean",
    "Asks a watch for BOOKMARK events, which tell how far it has come.",
  ),
  continue: query(
    "continue",
    "string",
    "The token of the page before, when a list is read page by page.",
  ),
  dryRun: query("dryRun", "string", "`All` goes through every step but stores nothing."),
  fieldManager: query(
    "fieldManager",
    "string",
    "Name under which the changed fields are recorded; required for apply.",
  ),
  fieldSelector: query("fieldSelector", "string", "Restricts the list to objects by fields."),
  fieldValidation: query(
    "fieldValidation",
    "string",
    "What unknown and repeated fields do: Ignore, Warn (the default) or Strict (an error).",
  ),
  force: query("force", "boolean", "Takes fields over from other managers in an apply."),
  gracePeriodSeconds: query(
    "gracePeriodSeconds",
    "integer",
    "Seconds that the object is given to stop; 0 deletes at once.",
  ),
  ignoreStoreReadErrorWithClusterBreakingPotential: query(
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "Deletes an object even if it cannot be read from the store.",
  ),
  labelSelector: query("labelSelector", "string", "Restricts the list to objects by labels."),
  limit: query("limit", "integer", "The most items that a page may have."),
  orphanDependents: query(
    "orphanDependents",
    "boolean",
    "Deprecated: propagationPolicy says the same.",
  ),
  pretty: query("pretty", "string", "`true` indents the reply."),
  propagationPolicy: query(
    "propagationPolicy",
    "string",
    "What becomes of dependents: Orphan, Background or Foreground.",
  ),
  resourceVersion: query(
    "resourceVersion",
    "string",
    "How fresh the state has to be, or where a watch starts.",
  ),
  resourceVersionMatch: query(
    "resourceVersionMatch",
    "string",
    "How resourceVersion is meant: Exact or NotOlderThan.",
  ),
  sendInitialEvents: query(
    "sendInitialEvents",
    "boolean",
    "Starts a watch with the present state, ended by a bookmark.",
  ),
  shardSelector: query("shardSelector", "string", "Restricts the list to a part of the objects."),
  timeoutSeconds: query("timeoutSeconds", "integer", "When a list or a watch ends by itself."),
  watch: query("watch", "boolean", "Follows the changes instead of listing."),
} as const satisfies Record<string, Parameter>;

/** Of every list, by name. */
export const listParameters: readonly Parameter[] = [
  parameters.allowWatchBookmarks,
  parameters.continue,
  parameters.fieldSelector,
  parameters.labelSelector,
  parameters.limit,
  parameters.resourceVersion,
  parameters.resourceVersionMatch,
  parameters.sendInitialEvents,
  parameters.shardSelector,
  parameters.timeoutSeconds,
  parameters.watch,
];
