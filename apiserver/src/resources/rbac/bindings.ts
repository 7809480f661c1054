// RoleBindings and ClusterRoleBindings: who gets the rules of which role (upstream: pkg/apis/rbac).
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type { RoleRef, Subject } from "@coracle/shared/api/types/rbac-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isPathSegmentName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";

interface Binding extends KubernetesObject {
  subjects?: Subject[];
  roleRef: RoleRef;
}

const GROUP = "rbac.authorization.k8s.io";

function setDefaults({ roleRef, subjects }: Binding): void {
  if (!roleRef.apiGroup) roleRef.apiGroup = GROUP;
  for (const subject of subjects ?? []) {
    const named = subject.kind === "User" || subject.kind === "Group";
    if (named && !subject.apiGroup) subject.apiGroup = GROUP;
  }
}

function validateSubject(subject: Subject, namespaced: boolean, path: string): FieldError[] {
  const { kind = "", name = "", apiGroup = "", namespace = "" } = subject;
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${path}.name`));
  switch (kind) {
    case "ServiceAccount":
      if (name !== "") {
        errors.push(...invalidTexts(`${path}.name`, name, isDns1123Subdomain(name)));
      }
      if (apiGroup !== "") errors.push(notSupported(`${path}.apiGroup`, apiGroup, [""]));
      if (!namespaced && namespace === "") errors.push(required(`${path}.namespace`));
      break;
    case "User":
    case "Group":
      if (apiGroup !== GROUP) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [GROUP]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"]));
  }
  return errors;
}

function validateRoleRef(roleRef: RoleRef, kinds: readonly string[]): FieldError[] {
  const { apiGroup = "", kind = "", name = "" } = roleRef;
  const errors: FieldError[] = [];
  if (apiGroup !== GROUP) errors.push(notSupported("roleRef.apiGroup", apiGroup, [GROUP]));
  if (!kinds.includes(kind)) errors.push(notSupported("roleRef.kind", kind, kinds));
  if (name === "") errors.push(required("roleRef.name"));
  else errors.push(...invalidTexts("roleRef.name", name, isPathSegmentName(name)));
  return errors;
}

/** The Go struct's form, whose members have no JSON names. */
const shownRef = ({ apiGroup = "", kind = "", name = "" }: RoleRef) => ({
  APIGroup: apiGroup,
  Kind: kind,
  Name: name,
});

const sameRef = (a: RoleRef, b: RoleRef): boolean =>
  a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name;

export function bindingBehaviour<T extends Binding>(
  storagePrefix: string,
  namespaced: boolean,
  roleKinds: readonly string[],
): ResourceBehaviour<T> {
  const validate = ({ roleRef, subjects }: T): FieldError[] => [
    ...validateRoleRef(roleRef, roleKinds),
    ...(subjects ?? []).flatMap((subject, i) =>
      validateSubject(subject, namespaced, `subjects[${i}]`),
    ),
  ];
  return {
    storagePrefix,
    setDefaults,
    validateName: isPathSegmentName,
    strategy: {
      allowCreateOnUpdate: true,
      prepareForCreate() {},
      validate,
      prepareForUpdate() {},
      validateUpdate(binding, old) {
        const errors = [
          ...repeatObjectMeta(binding.metadata, namespaced, isPathSegmentName),
          ...validate(binding),
          ...repeatMetadataUpdate(binding.metadata, old.metadata),
        ];
        if (!sameRef(binding.roleRef, old.roleRef)) {
          errors.push(invalidValue("roleRef", shownRef(binding.roleRef), "cannot change roleRef"));
        }
        return errors;
      },
    },
    cells: ({ metadata, roleRef, subjects = [] }, now) => {
      const named = (kind: string) => subjects.filter((subject) => subject.kind === kind);
      const names = (kind: string) =>
        named(kind)
          .map(({ name }) => name)
          .join(", ");
      const accounts = named("ServiceAccount").map((s) => `${s.namespace ?? ""}/${s.name}`);
      return [
        metadata.name,
        `${roleRef.kind}/${roleRef.name}`,
        age(metadata.creationTimestamp, now),
        names("User"),
        names("Group"),
        accounts.join(", "),
      ];
    },
  };
}
