import type { IPAddress, ParentReference } from "@coracle/shared/api/types/networking-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, isPathSegmentName } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { strictIpFindings } from "./addresses.ts";
import { requiredSegment } from "./ingress-validation.ts";

function validateParent({ spec }: IPAddress): FieldError[] {
  const path = "spec.parentRef";
  const parent: ParentReference | undefined = spec.parentRef;
  if (parent === undefined || parent === null) return [required(path)];
  const { group = "", resource, name, namespace = "" } = parent;
  return [
    ...(group === "" ? [] : invalidTexts(`${path}.group`, group, isDns1123Subdomain(group))),
    ...requiredSegment(resource, `${path}.resource`),
    ...requiredSegment(name, `${path}.name`),
    ...invalidTexts(`${path}.namespace`, namespace, isPathSegmentName(namespace)),
  ];
}

/** As upstream's internal type prints. */
const shownParent = (parent: ParentReference | undefined) =>
  parent && {
    Group: parent.group ?? "",
    Resource: parent.resource ?? "",
    Namespace: parent.namespace ?? "",
    Name: parent.name ?? "",
  };

function validateSameParent({ spec }: IPAddress, old: IPAddress): FieldError[] {
  if (semanticEqual(spec.parentRef, old.spec.parentRef)) return [];
  return [invalidValue("spec.parentRef", shownParent(spec.parentRef), "field is immutable")];
}

function parentCell(parent: ParentReference | undefined): string {
  if (parent === undefined) return "<none>";
  const { group = "", resource = "", namespace = "", name = "" } = parent;
  const kind = (group === "" ? resource : `${resource}.${group}`).toLowerCase();
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

export const ipAddressBehaviour: ResourceBehaviour<IPAddress> = {
  storagePrefix: "ipaddresses",
  setDefaults() {},
  validateName: strictIpFindings,
  namedByGenerateName: true,
  strategy: {
    prepareForCreate() {},
    validate: validateParent,
    prepareForUpdate() {},
    validateUpdate: (address, old) => [
      ...repeatObjectMeta(address.metadata, false, strictIpFindings),
      ...validateParent(address),
      ...repeatMetadataUpdate(address.metadata, old.metadata),
      ...validateSameParent(address, old),
    ],
  },
  // Upstream has a cell for the age, but no column for it.
  cells: ({ metadata, spec }, now) => [
    metadata.name,
    parentCell(spec.parentRef),
    age(metadata.creationTimestamp, now),
  ],
};
