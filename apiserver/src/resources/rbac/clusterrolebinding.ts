import type { ClusterRoleBinding } from "@coracle/shared/api/types/rbac-v1";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { bindingBehaviour } from "./bindings.ts";

export const clusterRoleBindingBehaviour: ResourceBehaviour<ClusterRoleBinding> = bindingBehaviour(
  "clusterrolebindings",
  false,
  ["ClusterRole"],
);
