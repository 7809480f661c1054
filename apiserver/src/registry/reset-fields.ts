// Fields that a write ignores and so never owns (upstream: each strategy's GetResetFields).
import type { ServedResource } from "./served-resource.ts";

const STATUS = [["status"]];
const NONE: string[][] = [];
const statusWrite: Readonly<Record<string, string[][]>> = {
  pods: [["spec"], ["metadata", "deletionTimestamp"], ["metadata", "ownerReferences"]],
  "deployments.apps": [["spec"], ["metadata", "labels"]],
};

export function resetFields(resource: ServedResource, subresource: string): string[][] {
  if (subresource === "status") {
    const key =
      resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
    return statusWrite[key] ?? [["spec"]];
  }
  return resource.behaviour.statusStrategy === undefined ? NONE : STATUS;
}
