import type { RoleBinding } from "@coracle/shared/api/types/rbac-v1";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { bindingBehaviour } from "./bindings.ts";

export const roleBindingBehaviour: ResourceBehaviour<RoleBinding> = bindingBehaviour(
  "rolebindings",
  true,
  ["Role", "ClusterRole"],
);
