// What an update may change of a Pod: images, the deadline, more tolerations, fewer gates, and while gated the node selection
// (upstream: podStrategy.PrepareForUpdate, ValidatePodUpdate).

import type {
  Affinity,
  Container,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSchedulingGate,
  PodSpec,
  Toleration,
} from "@coracle/shared/api/types/core-v1";
import { forbiddenField, invalidValue, required } from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, rangeMessage } from "@coracle/shared/machinery/names";
import { ownValue } from "@coracle/shared/machinery/own-value";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { repeatMetadataUpdate, repeatObjectMeta } from "../../metadata-validation.ts";
import { APP_ARMOR_PREFIX, validatePodAnnotations } from "./annotations-validation.ts";
import { checkImage } from "./container-validation.ts";
import { dropDisabledSpecFields } from "./disabled-fields.ts";
import { internalForm, internalPodSpec, printed } from "./internal-form.ts";
import { MIRROR_ANNOTATION, validateOnlyForPod, validatePodSpec } from "./pod-spec-validation.ts";
import { validateTolerations } from "./scheduling-validation.ts";
import { semanticEqual } from "./semantic-equal.ts";
import { unifiedDiff } from "./unified-diff.ts";

export function preparePodForUpdate(pod: Pod, old: Pod): void {
  pod.status = old.status;
  dropDisabledSpecFields(pod.spec);
  bumpGeneration(pod, old);
}

/** Each change of the specification is one generation. */
export function bumpGeneration(pod: Pod, old: Pod): void {
  const generation = old.metadata.generation ?? 0;
  const next = semanticEqual(pod.spec, old.spec) ? generation : generation + 1;
  if (next > 0) pod.metadata.generation = next;
  else delete pod.metadata.generation;
}

/** What every way of changing a Pod's specification checks first. */
export function validatePodMetadataAndSpec(pod: Pod, old: Pod): FieldError[] {
  const { metadata, spec } = pod;
  const errors = [
    ...repeatMetadataUpdate(metadata, old.metadata),
    ...repeatObjectMeta(metadata, true, isDns1123Subdomain),
  ];
  validatePodAnnotations(metadata.annotations, spec, "metadata.annotations", errors);
  if (spec === old.spec) return errors; // what is stored was found valid
  validatePodSpec(spec, metadata, "spec", errors);
  validateOnlyForPod(spec, "spec", errors);
  return errors;
}

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors = validatePodMetadataAndSpec(pod, old);
  validateAnnotationUpdate(pod, old, errors);
  const { spec } = pod;
  if (spec === old.spec) return errors;
  if (!validateContainerUpdate(spec.containers, old.spec.containers, "spec.containers", errors)) {
    return errors;
  }
  const path = "spec.initContainers";
  if (!validateContainerUpdate(spec.initContainers, old.spec.initContainers, path, errors)) {
    return errors;
  }
  if (!validateDeadline(spec, old.spec, errors)) return errors;
  validateAddedTolerations(spec.tolerations ?? [], old.spec.tolerations ?? [], errors);
  validateRemovedGates(spec.schedulingGates ?? [], old.spec.schedulingGates ?? [], errors);
  if (!semanticEqual(spec, old.spec)) validateImmutableRest(spec, old.spec, errors);
  return errors;
}

export function validateAnnotationUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
  const now = pod.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  const path = "metadata.annotations";
  for (const key in before) {
    if (ownValue(now, key) === ownValue(before, key)) continue;
    const what = fixedAnnotation(key);
    if (what) errors.push(forbiddenField(`${path}[${key}]`, `may not remove or update ${what}`));
  }
  for (const key in now) {
    if (Object.hasOwn(before, key)) continue;
    const what = fixedAnnotation(key);
    if (what) errors.push(forbiddenField(`${path}[${key}]`, `may not add ${what}`));
  }
  validatePodAnnotations(pod.metadata.annotations, pod.spec, path, errors);
}

function fixedAnnotation(key: string): string | undefined {
  if (key.startsWith(APP_ARMOR_PREFIX)) return "AppArmor annotations";
  return key === MIRROR_ANNOTATION ? "mirror pod annotation" : undefined;
}

/** False when it makes no sense to go on. */
function validateContainerUpdate(
  containers: readonly Container[] | null | undefined,
  old: readonly Container[] | undefined,
  path: string,
  errors: FieldError[],
): boolean {
  if ((containers?.length ?? 0) !== (old?.length ?? 0)) {
    errors.push(forbiddenField(path, "pod updates may not add or remove containers"));
    return false;
  }
  containers?.forEach((container, i) => {
    if (!container.image) errors.push(required(`${path}[${i}].image`));
    checkImage(container, `${path}[${i}]`, errors);
  });
  return true;
}

const DEADLINE_SECONDS_MAX = 2 ** 31 - 1;

function validateDeadline(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const field = "spec.activeDeadlineSeconds";
  const { activeDeadlineSeconds: deadline } = spec;
  const before = old.activeDeadlineSeconds;
  if (deadline === undefined) {
    if (before !== undefined) {
      const detail = "must not update from a positive integer to nil value";
      errors.push(invalidValue(field, undefined, detail));
    }
    return true;
  }
  if (deadline < 0 || deadline > DEADLINE_SECONDS_MAX) {
    errors.push(invalidValue(field, deadline, rangeMessage(0, DEADLINE_SECONDS_MAX)));
    return false;
  }
  if (before !== undefined && before < deadline) {
    errors.push(invalidValue(field, deadline, "must be less than or equal to previous value"));
    return false;
  }
  return true;
}

function validateAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  errors: FieldError[],
): void {
  const path = "spec.tolerations";
  const kept = old.every((before) =>
    tolerations.some((now) =>
      semanticEqual({ ...before, tolerationSeconds: now.tolerationSeconds }, now),
    ),
  );
  if (kept) validateTolerations(tolerations, path, errors);
  else {
    const detail = "existing toleration can not be modified except its tolerationSeconds";
    errors.push(forbiddenField(path, detail));
  }
}

function validateRemovedGates(
  gates: readonly PodSchedulingGate[],
  old: readonly PodSchedulingGate[],
  errors: FieldError[],
): void {
  gates.forEach(({ name }, i) => {
    // Of several new ones with one name only the last is reported.
    if (old.some((gate) => gate.name === name)) return;
    if (gates.findLastIndex((gate) => gate.name === name) !== i) return;
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbiddenField(`spec.schedulingGates[${i}].name`, detail));
  });
}

const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

function withOldImages(
  containers: readonly Container[] | undefined,
  old: readonly Container[] | undefined,
): Container[] | undefined {
  return containers?.map((container, i) => {
    const { image: _, ...rest } = container;
    const image = old?.[i]?.image;
    return image === undefined ? rest : { ...rest, image };
  });
}

/** The new specification with all that may change set back has to be the old one. */
function validateImmutableRest(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const reset = { ...spec };
  reset.containers = withOldImages(spec.containers, old.containers) as Container[];
  const put = <K extends keyof PodSpec>(key: K, value: PodSpec[K] | undefined) => {
    if (value === undefined) delete reset[key];
    else reset[key] = value;
  };
  put("initContainers", withOldImages(spec.initContainers, old.initContainers));
  put("activeDeadlineSeconds", old.activeDeadlineSeconds);
  put("schedulingGates", old.schedulingGates);
  put("tolerations", old.tolerations);
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    put("terminationGracePeriodSeconds", old.terminationGracePeriodSeconds);
  }
  if (old.schedulingGates?.length) {
    validateGatedSelection(spec, old, errors);
    put("nodeSelector", old.nodeSelector);
    put("affinity", resetAffinity(spec.affinity, old.affinity));
  }
  if (semanticEqual(reset, old)) return;
  const difference = unifiedDiff(printed(internalPodSpec(old)), printed(internalPodSpec(reset)));
  const detail = `pod updates may not change fields other than ${CHANGEABLE}\n${difference}`;
  errors.push(forbiddenField("spec", detail));
}

/** While a Pod is gated its choice of nodes may get narrower. */
function validateGatedSelection(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  const before = old.nodeSelector ?? {};
  const now = spec.nodeSelector;
  if (Object.keys(before).some((key) => ownValue(now, key) !== before[key])) {
    const shown =
      now && Object.fromEntries(Object.entries(now).sort(([a], [b]) => (a < b ? -1 : 1)));
    const detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    errors.push(invalidValue("spec.nodeSelector", shown, detail));
  }
  const affinity = spec.affinity?.nodeAffinity;
  const oldAffinity = old.affinity?.nodeAffinity;
  if (oldAffinity && !semanticEqual(affinity, oldAffinity)) {
    validateNodeAffinityUpdate(affinity, oldAffinity, errors);
  }
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

function validateNodeAffinityUpdate(
  affinity: NodeAffinity | undefined,
  old: NodeAffinity,
  errors: FieldError[],
): void {
  const before = old[REQUIRED]?.nodeSelectorTerms ?? [];
  const now = affinity?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const shown = (term: NodeSelectorTerm) => internalForm("NodeSelectorTerm", term);
  if (before.length === 0) return;
  if (before.length !== now.length) {
    const detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
    errors.push(invalidValue(path, now.length === 0 ? undefined : now.map(shown), detail));
    return;
  }
  before.forEach((term, i) => {
    const next = now[i] as NodeSelectorTerm;
    if (onlyAdds(next, term)) return;
    const detail = "only additions are allowed (no mutations or deletions)";
    errors.push(invalidValue(`${path}[${i}]`, shown(next), detail));
  });
}

/** An empty term matches nothing, so an addition would widen it. */
function onlyAdds(now: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const expressions = old.matchExpressions ?? [];
  const fields = old.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) {
    return !now.matchExpressions?.length && !now.matchFields?.length;
  }
  const startsWith = (list: readonly unknown[] = [], start: readonly unknown[]) =>
    list.length >= start.length && semanticEqual(list.slice(0, start.length), start);
  return startsWith(now.matchExpressions, expressions) && startsWith(now.matchFields, fields);
}

function resetAffinity(
  affinity: Affinity | undefined,
  old: Affinity | undefined,
): Affinity | undefined {
  const before = old?.nodeAffinity;
  if (semanticEqual(affinity?.nodeAffinity, before)) return affinity;
  if (!affinity) return before && { nodeAffinity: before };
  if (!old && !affinity.podAffinity && !affinity.podAntiAffinity) return undefined;
  const { nodeAffinity: _, ...rest } = affinity;
  return before ? { ...rest, nodeAffinity: before } : rest;
}
