// The rows that run with every kubectl; the others run with the oldest, a middle and the newest one.
import type { Kubectl } from "../harness/kubectl.ts";

/** Some of each group: what a new version of kubectl is most likely to do in another way. */
export const selectedIds: ReadonlySet<string> = new Set([
  ...["create-file-yaml", "create-deployment", "create-secret-generic", "run-rm", "autoscale"],
  ...["apply-change", "apply-applyset", "apply-server-side-conflict", "diff", "replace"],
  ...["get-wide", "get-subresource", "get-watch", "describe-pod", "describe-group-networking"],
  ...["explain", "explain-openapiv2", "events-for", "api-resources", "version"],
  ...["edit", "patch-strategic", "label", "scale", "set-env", "delete-foreground", "delete-wait"],
  ...["rollout-status-deployment", "rollout-undo-daemonset", "rollout-history-statefulset"],
  ...["wait-condition", "wait-jsonpath-any", "wait-create"],
  ...["logs-follow", "exec-stdin", "exec-tty", "cp-to", "port-forward-pod", "debug-ephemeral"],
  ...["cordon", "drain"],
  ...["can-i-list", "whoami", "token", "create-token"],
  ...["crd-read"],
  ...["unknown-strict", "conflict", "forbidden"],
]);

/** `found`: ascending. */
export function runsWhole(kubectl: Kubectl, found: readonly Kubectl[]): boolean {
  if (process.env.CORACLE_KUBECTL_MATRIX === "whole") return true;
  const middle = found[Math.floor((found.length - 1) / 2)];
  return [found[0], middle, found.at(-1)].includes(kubectl);
}
