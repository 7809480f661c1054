// What may change of a PersistentVolume (upstream: ValidatePersistentVolumeUpdate).
import type {
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeSource,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from "@coracle/shared/api/types/core-v1";
import { forbiddenField, invalidValue } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { deepEqual } from "../deep-equal.ts";
import { immutableField } from "../field-rules.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { sourceOf } from "./persistentvolume-sources.ts";
import { validateMountOptions, validateVolumeSpec } from "./persistentvolume-validation.ts";
import { internalForm, printed } from "./pod/internal-form.ts";
import { semanticEqual } from "./pod/semantic-equal.ts";
import { unifiedDiff } from "./pod/unified-diff.ts";

export function validateVolumeUpdate(now: PersistentVolume, old: PersistentVolume): FieldError[] {
  const whole = [
    ...repeatObjectMeta(now.metadata, false, isDns1123Subdomain),
    ...validateVolumeSpec(now.spec, now.metadata.name, "spec"),
  ];
  const errors = [...whole, ...validateMountOptions(now), ...whole]; // upstream judges it twice
  const difference = sourceDifference(now.spec, old.spec);
  if (difference !== undefined) {
    const detail = `spec.persistentvolumesource is immutable after creation\n${difference}`;
    errors.push(forbiddenField("spec.persistentvolumesource", detail));
  }
  errors.push(
    ...immutableField(now.spec.volumeMode, old.spec.volumeMode, "volumeMode"),
    ...validateAffinityChange(now.spec.nodeAffinity, old.spec.nodeAffinity),
  );
  const { volumeAttributesClassName: before } = old.spec;
  if (before !== undefined && now.spec.volumeAttributesClassName === undefined) {
    const detail = "update from non-nil value to nil is forbidden";
    errors.push(forbiddenField("spec.volumeAttributesClassName", detail));
  }
  return errors;
}

/** undefined when nothing changed that may not. */
function sourceDifference(
  spec: PersistentVolumeSpec,
  old: PersistentVolumeSpec,
): string | undefined {
  const before = sourceOf(old);
  const after = sourceOf(spec);
  // The secret for growing came later than the others: it may be added.
  if (before.csi && after.csi && !before.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = after.csi;
    after.csi = csi;
  }
  if (semanticEqual(before, after)) return undefined;
  const shown = (source: PersistentVolumeSource) =>
    printed(internalForm("PersistentVolumeSource", source));
  return unifiedDiff(shown(before), shown(after));
}

/** Labels of nodes that have left beta, with the names they have now. */
const STABLE_LABELS: Readonly<Record<string, string>> = {
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
  "beta.kubernetes.io/os": "kubernetes.io/os",
  "beta.kubernetes.io/arch": "kubernetes.io/arch",
  "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
};

function validateAffinityChange(
  now: VolumeNodeAffinity | undefined,
  old: VolumeNodeAffinity | undefined,
): FieldError[] {
  if (!old || deepEqual(now, withStableLabels(old, now))) return [];
  const shown = now && internalForm("VolumeNodeAffinity", now);
  const detail = "field is immutable, except for updating from beta label to GA";
  return [invalidValue("nodeAffinity", shown, detail)];
}

/** `old` with the new name of each label whose requirement has it in `now`. */
function withStableLabels(
  old: VolumeNodeAffinity,
  now: VolumeNodeAffinity | undefined,
): VolumeNodeAffinity {
  const copy = structuredClone(old);
  copy.required?.nodeSelectorTerms?.forEach((term, i) => {
    const other = now?.required?.nodeSelectorTerms?.[i];
    renameKeys(term.matchExpressions, other?.matchExpressions);
    renameKeys(term.matchFields, other?.matchFields);
  });
  return copy;
}

function renameKeys(
  requirements: NodeSelectorRequirement[] | undefined,
  others: readonly NodeSelectorRequirement[] | undefined,
): void {
  requirements?.forEach((requirement, i) => {
    const stable = STABLE_LABELS[requirement.key] ?? ""; // an empty key counts as the new name of any other
    if (others?.[i]?.key === stable) requirement.key = stable;
  });
}
