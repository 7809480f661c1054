// Which server answers a group version: this one (no service), or one behind a Service (upstream: kube-aggregator
// pkg/registry/apiservice). The names of finalizers are not judged here, unlike elsewhere.
import type { APIService } from "@coracle/shared/api/types/apiregistration-v1";
import { invalidValue, notSupported, required } from "@coracle/shared/machinery/field-error";
import {
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isValidPortNumber,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { invalidTexts } from "../field-rules.ts";
import { validateMetadataChange, validateObjectMeta } from "../metadata-validation.ts";

const PORT_DEFAULT = 443;
const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1_000;

export const apiServiceName = (group: string, version: string): string => `${version}.${group}`;

function validateName({ metadata, spec }: APIService): FieldError[] {
  const { name = "" } = metadata;
  if (name === "" || isPathSegmentName(name).length > 0) return [];
  const wanted = apiServiceName(spec.group ?? "", spec.version ?? "");
  if (name === wanted) return [];
  const detail = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`;
  return [invalidValue("metadata.name", name, detail)];
}

function validateGroup({ group = "", version = "" }: APIService["spec"]): FieldError[] {
  const errors: FieldError[] = [];
  if (group === "" && version !== "v1") {
    const detail = "only v1 may have an empty group and it better be legacy kube";
    errors.push(required("spec.group", detail));
  }
  if (group !== "") errors.push(...invalidTexts("spec.group", group, isDns1123Subdomain(group)));
  errors.push(...invalidTexts("spec.version", version, isDns1035Label(version)));
  return errors;
}

function validatePriority(field: string, value: number, max: number): FieldError[] {
  if (value > 0 && value <= max) return [];
  return [invalidValue(field, value, `must be positive and less than ${max}`)];
}

function validateTarget({ service, caBundle, insecureSkipTLSVerify }: APIService["spec"]) {
  const insecure = "spec.insecureSkipTLSVerify";
  const errors: FieldError[] = [];
  if (!service) {
    if (caBundle) {
      const size = `${Buffer.from(caBundle, "base64").length} bytes`;
      errors.push(invalidValue("spec.caBundle", size, "local APIServices may not have a caBundle"));
    }
    if (insecureSkipTLSVerify) {
      const detail = "local APIServices may not have insecureSkipTLSVerify";
      errors.push(invalidValue(insecure, true, detail));
    }
    return errors;
  }
  const { namespace, name, port = PORT_DEFAULT } = service;
  if (!namespace) errors.push(required("spec.service.namespace"));
  if (!name) errors.push(required("spec.service.name"));
  const findings = isValidPortNumber(port);
  if (findings.length > 0) {
    const detail = `port is not valid: ${findings.join(", ")}`;
    errors.push(invalidValue("spec.service.port", port, detail));
  }
  if (insecureSkipTLSVerify && caBundle) {
    errors.push(invalidValue(insecure, true, "may not be true if caBundle is present"));
  }
  return errors;
}

function validate(apiService: APIService): FieldError[] {
  const { spec } = apiService;
  return [
    ...validateName(apiService),
    ...validateGroup(spec),
    ...validatePriority("spec.groupPriorityMinimum", spec.groupPriorityMinimum, GROUP_PRIORITY_MAX),
    ...validatePriority("spec.versionPriority", spec.versionPriority, VERSION_PRIORITY_MAX),
    ...validateTarget(spec),
  ];
}

const STATUSES = ["True", "False", "Unknown"];

const validateStatus = ({ status }: APIService): FieldError[] =>
  (status.conditions ?? []).flatMap(({ status: value = "" }, i) =>
    STATUSES.includes(value)
      ? []
      : [notSupported(`status.conditions[${i}].status`, value, STATUSES)],
  );

export const localCondition = (now: number) => ({
  type: "Available",
  status: "True",
  lastTransitionTime: formatTime(now),
  reason: "Local",
  message: "Local APIServices are always available",
});

function availability({ status }: APIService): string {
  const condition = status.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return "Unknown";
  const { status: value, reason = "" } = condition;
  return value === "True" || reason === "" ? value : `${value} (${reason})`;
}

export const apiServiceBehaviour: ResourceBehaviour<APIService> = {
  storagePrefix: "apiregistration.k8s.io/apiservices",
  setDefaults({ spec }) {
    if (spec.service) spec.service.port ??= PORT_DEFAULT;
  },
  validateName: isPathSegmentName,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate(apiService, { now }) {
      apiService.status = apiService.spec.service ? {} : { conditions: [localCondition(now)] };
    },
    validate,
    prepareForUpdate(apiService, old) {
      apiService.status = old.status;
    },
    validateUpdate: (apiService, old) => [
      ...validateMetadataChange(apiService.metadata, old.metadata),
      ...validateObjectMeta(apiService.metadata, false, isPathSegmentName),
      ...validate(apiService),
    ],
  },
  statusStrategy: {
    prepareForUpdate(apiService, old) {
      apiService.spec = old.spec;
      for (const member of ["labels", "annotations", "finalizers", "ownerReferences"] as const) {
        if (old.metadata[member] === undefined) delete apiService.metadata[member];
        else Object.assign(apiService.metadata, { [member]: old.metadata[member] });
      }
    },
    validateUpdate: (apiService, old) => [
      ...validateMetadataChange(apiService.metadata, old.metadata),
      ...validateStatus(apiService),
    ],
  },
  cells: (apiService, now) => [
    apiService.metadata.name,
    apiService.spec.service
      ? `${apiService.spec.service.namespace ?? ""}/${apiService.spec.service.name ?? ""}`
      : "Local",
    availability(apiService),
    age(apiService.metadata.creationTimestamp, now),
  ],
};
