// Rules of the specification of StatefulSets (upstream: pkg/apis/apps/validation).
import type {
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
  StatefulSetSpec,
} from "@coracle/shared/api/types/apps-v1";
import type { PodTemplateSpec, Volume } from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validatePodAnnotations } from "../core/pod/annotations-validation.ts";
import { validateClaimSpec } from "../core/pod/claim-template-validation.ts";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { validatePodTemplateSpec } from "../core/pod/pod-template-validation.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { invalidTexts, nonNegative } from "../field-rules.ts";
import {
  repeatMetadataUpdate,
  validateAnnotations,
  validateLabels,
} from "../metadata-validation.ts";
import { compiled } from "./rollout.ts";

const TEMPLATE = "spec.template";

/** An update keeps what cannot change, so what is wrong there is not judged again. */
interface Leniency {
  onUpdate: boolean;
  skipTemplate: boolean;
}

export const validateStatefulSetSpec = ({ spec }: StatefulSet): FieldError[] =>
  validateSpec(spec, { onUpdate: false, skipTemplate: false });

export function validateStatefulSetUpdate(
  statefulSet: StatefulSet,
  old: StatefulSet,
): FieldError[] {
  const oldIsInvalid = validateSpec(old.spec, { onUpdate: true, skipTemplate: false }).length > 0;
  const errors = [
    ...repeatMetadataUpdate(statefulSet.metadata, old.metadata),
    ...validateSpec(statefulSet.spec, { onUpdate: true, skipTemplate: oldIsInvalid }),
  ];
  const fixed = ({ selector, serviceName, podManagementPolicy, ...rest }: StatefulSetSpec) => ({
    selector,
    serviceName,
    podManagementPolicy,
    volumeClaimTemplates: rest.volumeClaimTemplates,
  });
  if (!semanticEqual(fixed(statefulSet.spec), fixed(old.spec))) {
    const detail =
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    errors.push(forbiddenField("spec", detail));
  }
  return errors;
}

function validateSpec(spec: StatefulSetSpec, { onUpdate, skipTemplate }: Leniency): FieldError[] {
  const errors = [...validatePolicies(spec)];
  if (!onUpdate) {
    spec.volumeClaimTemplates?.forEach((claim, i) => {
      validateClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${i}].spec`, errors);
    });
  }
  errors.push(
    ...nonNegative(spec.replicas, "spec.replicas"),
    ...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"),
    ...nonNegative(spec.ordinals?.start, "spec.ordinals.start"),
  );
  if (!onUpdate && spec.serviceName) {
    const texts = isDns1123Label(spec.serviceName);
    errors.push(...invalidTexts("spec.serviceName", spec.serviceName, texts));
  }
  errors.push(...validateSelectorAndTemplate(spec, skipTemplate));
  const { restartPolicy, activeDeadlineSeconds } = spec.template.spec ?? {};
  if (restartPolicy !== "Always") {
    errors.push(notSupported(`${TEMPLATE}.spec.restartPolicy`, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = "activeDeadlineSeconds in StatefulSet is not Supported";
    errors.push(forbiddenField(`${TEMPLATE}.spec.activeDeadlineSeconds`, detail));
  }
  return errors;
}

function validatePolicies(spec: StatefulSetSpec): FieldError[] {
  const errors: FieldError[] = [];
  const { podManagementPolicy, updateStrategy = {} } = spec;
  if (podManagementPolicy !== "OrderedReady" && podManagementPolicy !== "Parallel") {
    const detail = "must be 'OrderedReady' or 'Parallel'";
    errors.push(invalidValue("spec.podManagementPolicy", podManagementPolicy, detail));
  }
  const { type, rollingUpdate } = updateStrategy;
  const field = "spec.updateStrategy";
  if (type === "RollingUpdate") {
    errors.push(...nonNegative(rollingUpdate?.partition, `${field}.rollingUpdate.partition`));
  } else if (type === "OnDelete") {
    if (rollingUpdate !== undefined) {
      const detail = "only allowed for updateStrategy 'RollingUpdate'";
      errors.push(
        invalidValue(`${field}.rollingUpdate`, shownRollingUpdate(rollingUpdate), detail),
      );
    }
  } else {
    const shown = {
      Type: type ?? "",
      RollingUpdate: rollingUpdate === undefined ? null : shownRollingUpdate(rollingUpdate),
    };
    errors.push(invalidValue(field, shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy ?? {};
  for (const name of ["whenDeleted", "whenScaled"] as const) {
    const policy = retention[name] ?? "";
    if (policy === "Retain" || policy === "Delete") continue;
    const at = `spec.persistentVolumeClaimRetentionPolicy.${name}`;
    errors.push(notSupported(at, policy, ["Retain", "Delete"]));
  }
  return errors;
}

/** As upstream's internal type prints. */
const shownRollingUpdate = ({ partition, maxUnavailable }: RollingUpdateStatefulSetStrategy) => ({
  Partition: partition ?? 0,
  MaxUnavailable: maxUnavailable ?? null,
});

function validateSelectorAndTemplate(spec: StatefulSetSpec, skipTemplate: boolean): FieldError[] {
  const { selector } = spec;
  const errors: FieldError[] = [];
  if (selector == null) errors.push(required("spec.selector"));
  else {
    validateLabelSelector(selector, "spec.selector", errors);
    const { matchLabels = {}, matchExpressions = [] } = selector;
    if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
      const detail = "empty selector is invalid for statefulset";
      errors.push(invalidValue("spec.selector", selector, detail));
    }
  }
  const matcher = compiled(selector);
  if (matcher === undefined) {
    errors.push(invalidValue("spec.selector", selector, ""));
    return errors;
  }
  const template = templateToJudge(spec);
  const { labels, annotations } = template.metadata ?? {};
  if (!matcher.isEmpty() && !matcher.matches(labels)) {
    const detail = "`selector` does not match template `labels`";
    errors.push(invalidValue(`${TEMPLATE}.metadata.labels`, labels ?? null, detail));
  }
  if (!skipTemplate) errors.push(...validatePodTemplateSpec(template, TEMPLATE));
  // Once more, as upstream does.
  errors.push(
    ...validateLabels(labels, `${TEMPLATE}.labels`),
    ...validateAnnotations(annotations, `${TEMPLATE}.annotations`),
  );
  const podSpec = template.spec ?? { containers: [] };
  validatePodAnnotations(annotations, podSpec, `${TEMPLATE}.annotations`, errors);
  return errors;
}

/** The claims stand in for volumes of the same name; the controller sets hostname and subdomain. */
function templateToJudge({
  template,
  volumeClaimTemplates = [],
}: StatefulSetSpec): PodTemplateSpec {
  const { hostname: _, subdomain: __, ...podSpec } = template.spec ?? { containers: [] };
  if (volumeClaimTemplates.length === 0) return { ...template, spec: podSpec };
  const claims = new Map<string, Volume>();
  for (const { metadata } of volumeClaimTemplates) {
    const name = metadata?.name ?? "";
    claims.set(name, { name, persistentVolumeClaim: { claimName: name } });
  }
  const others = podSpec.volumes?.filter(({ name }) => !claims.has(name)) ?? [];
  return { ...template, spec: { ...podSpec, volumes: [...claims.values(), ...others] } };
}
