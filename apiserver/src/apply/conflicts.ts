// An apply that would change what others own.
import { type StatusError, statusError } from "@coracle/shared/machinery/status-error";
import type { Manager } from "./managers.ts";
import { type PathElement, pathText } from "./path-element.ts";

export interface OwnershipConflict {
  manager: Manager;
  managerId: string;
  path: PathElement[];
}

/** 409 with a cause for each field, grouped by manager in the message. `conflicts` is not empty. */
export function applyConflict(conflicts: readonly OwnershipConflict[]): StatusError {
  const sorted = conflicts.toSorted((a, b) =>
    a.managerId === b.managerId ? 0 : a.managerId < b.managerId ? -1 : 1,
  );
  return statusError("Conflict", messageOf(sorted), {
    causes: sorted.map(({ manager, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${describe(manager)}`,
      field: pathText(path),
    })),
  });
}

function messageOf(conflicts: readonly OwnershipConflict[]): string {
  if (conflicts.length === 1) {
    const { manager, path } = conflicts[0] as OwnershipConflict;
    return `Apply failed with 1 conflict: conflict with ${describe(manager)}: ${pathText(path)}`;
  }
  const lines: string[] = [];
  let current: string | undefined;
  for (const { manager, managerId, path } of conflicts) {
    if (managerId !== current) {
      lines.push(`conflicts with ${describe(manager)}:`);
      current = managerId;
    }
    lines.push(`- ${pathText(path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function describe({ name, subresource, operation, apiVersion }: Manager): string {
  let text = JSON.stringify(name);
  if (subresource !== "") text += ` with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${text} using ${apiVersion}` : text;
}
