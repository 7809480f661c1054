import type { ControllerRevision } from "@coracle/shared/api/types/apps-v1";
import { invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import { controllerOf } from "@coracle/shared/machinery/owner-references";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { nonNegative } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";

function validateData({ data }: ControllerRevision): FieldError[] {
  if (data === undefined || data === null) return [required("data", "data is mandatory")];
  if (typeof data === "object" && !Array.isArray(data)) return [];
  return [required("data", "data must be a valid JSON object")];
}

/** Upstream compares the bytes, so the order of the members counts. */
function sameData({ data }: ControllerRevision, old: ControllerRevision): FieldError[] {
  if (JSON.stringify(data) === JSON.stringify(old.data)) return [];
  return [invalidValue("data", data ?? null, "field is immutable")];
}

function ownerCell(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (owner === undefined) return "<none>";
  const [group] = owner.apiVersion.includes("/") ? owner.apiVersion.split("/") : [""];
  const kind = group ? `${owner.kind}.${group}` : owner.kind;
  return `${kind.toLowerCase()}/${owner.name}`;
}

export const controllerRevisionBehaviour: ResourceBehaviour<ControllerRevision> = {
  storagePrefix: "controllerrevisions",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate() {},
    validate: (revision) => [
      ...nonNegative(revision.revision, "revision"),
      ...validateData(revision),
    ],
    prepareForUpdate() {},
    validateUpdate: (revision, old) => [
      ...repeatMetadataUpdate(revision.metadata, old.metadata),
      ...repeatObjectMeta(revision.metadata, true, isDns1123Subdomain),
      ...nonNegative(revision.revision, "revision"),
      ...sameData(revision, old),
    ],
  },
  cells: (revision, now) => [
    revision.metadata.name,
    ownerCell(revision),
    revision.revision ?? 0,
    age(revision.metadata.creationTimestamp, now),
  ],
};
