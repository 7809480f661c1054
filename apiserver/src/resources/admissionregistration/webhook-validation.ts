// Validation of webhooks (upstream: admissionregistration/validation, apiserver/pkg/util/webhook). An update tolerates what
// the old object had already.
import type {
  MutatingWebhook,
  ServiceReference,
  ValidatingWebhook,
} from "@coracle/shared/api/types/admissionregistration-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1035Label,
  isDns1123Subdomain,
  isValidPortNumber,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { validateLabelSelector } from "../core/pod/label-selector-validation.ts";
import { deepEqual } from "../deep-equal.ts";
import { GoUrlError, parseGoUrl } from "../go-url.ts";
import { validateMatchConditions } from "./expression-validation.ts";
import {
  FAILURE_POLICIES,
  MATCH_POLICIES,
  REINVOCATION_POLICIES,
  validateRuleWithOperations,
} from "./rule-validation.ts";

export type Webhook = ValidatingWebhook & Partial<Pick<MutatingWebhook, "reinvocationPolicy">>;

const REVIEW_VERSIONS = ["v1", "v1beta1"];
const SIDE_EFFECTS = ["None", "NoneOnDryRun", "Some", "Unknown"];
const NO_SIDE_EFFECTS = ["None", "NoneOnDryRun"];

interface Tolerance {
  sameConditions: boolean;
  sideEffects: boolean;
  reviewVersions: boolean;
  repeatedNames: boolean;
  labelValues: boolean;
}

const NONE: Tolerance = {
  sameConditions: false,
  sideEffects: false,
  reviewVersions: false,
  repeatedNames: false,
  labelValues: false,
};

/** `old` is absent on create. */
export function validateWebhooks(
  webhooks: readonly Webhook[] = [],
  old?: readonly Webhook[],
): FieldError[] {
  const tolerance = old === undefined ? NONE : toleranceOf(webhooks, old);
  const names = new Set<string>();
  return webhooks.flatMap((webhook, i) => {
    const path = `webhooks[${i}]`;
    const { name = "" } = webhook;
    const errors = [
      ...validateWebhook(webhook, path, tolerance),
      ...validateReviewVersions(
        webhook.admissionReviewVersions,
        `${path}.admissionReviewVersions`,
        tolerance,
      ),
    ];
    if (!tolerance.repeatedNames && name !== "") {
      if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
      names.add(name);
    }
    return errors;
  });
}

function toleranceOf(webhooks: readonly Webhook[], old: readonly Webhook[]): Tolerance {
  const isKnown = (version: string) => REVIEW_VERSIONS.includes(version);
  const selectorErrors: FieldError[] = [];
  for (const { namespaceSelector, objectSelector } of old) {
    validateLabelSelector(namespaceSelector, "", selectorErrors);
    validateLabelSelector(objectSelector, "", selectorErrors);
  }
  return {
    sameConditions:
      webhooks.length === old.length &&
      old.every((webhook, i) => deepEqual(webhook.matchConditions, webhooks[i]?.matchConditions)),
    sideEffects: old.some(({ sideEffects }) => !NO_SIDE_EFFECTS.includes(sideEffects)),
    reviewVersions: old.some(
      ({ admissionReviewVersions: versions }) =>
        (versions?.length ?? 0) > 0 && !versions.some(isKnown),
    ),
    repeatedNames: new Set(old.map(({ name }) => name)).size < old.length,
    labelValues: selectorErrors.length > 0,
  };
}

function validateReviewVersions(
  given: readonly string[] | null,
  path: string,
  tolerance: Tolerance,
): FieldError[] {
  const versions = given ?? [];
  const known = REVIEW_VERSIONS.join(", ");
  if (versions.length === 0) return [required(path, `must specify one of ${known}`)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  versions.forEach((version, i) => {
    const at = `${path}[${i}]`;
    if (seen.has(version)) {
      errors.push(invalidValue(at, version, "duplicate version"));
      return;
    }
    seen.add(version);
    for (const text of isDns1035Label(version)) errors.push(invalidValue(at, version, text));
  });
  if (!tolerance.reviewVersions && !REVIEW_VERSIONS.some((version) => seen.has(version))) {
    errors.push(invalidValue(path, versions, `must include at least one of ${known}`));
  }
  return errors;
}

function validateWebhook(webhook: Webhook, path: string, tolerance: Tolerance): FieldError[] {
  const errors = [
    ...validateQualifiedDomain(webhook.name ?? "", `${path}.name`),
    ...(webhook.rules ?? []).flatMap((rule, i) =>
      validateRuleWithOperations(rule, `${path}.rules[${i}]`),
    ),
  ];
  const among = (field: keyof Webhook, supported: readonly string[]) => {
    const value = webhook[field];
    if (value !== undefined && !supported.includes(value as string)) {
      errors.push(notSupported(`${path}.${field}`, value, supported));
    }
  };
  among("failurePolicy", FAILURE_POLICIES);
  among("matchPolicy", MATCH_POLICIES);
  const sideEffects = tolerance.sideEffects ? SIDE_EFFECTS : NO_SIDE_EFFECTS;
  if (webhook.sideEffects === undefined || webhook.sideEffects === null) {
    errors.push(required(`${path}.sideEffects`, `must specify one of ${sideEffects.join(", ")}`));
  } else among("sideEffects", sideEffects);
  const { timeoutSeconds: timeout } = webhook;
  if (timeout !== undefined && (timeout > 30 || timeout < 1)) {
    const detail = "the timeout value must be between 1 and 30 seconds";
    errors.push(invalidValue(`${path}.timeoutSeconds`, timeout, detail));
  }
  for (const field of ["namespaceSelector", "objectSelector"] as const) {
    errors.push(...validateSelector(webhook, field, `${path}.${field}`, tolerance));
  }
  among("reinvocationPolicy", REINVOCATION_POLICIES);
  errors.push(...validateClientConfig(webhook, `${path}.clientConfig`));
  if (tolerance.sameConditions) return errors;
  return [
    ...errors,
    ...validateMatchConditions(webhook.matchConditions, `${path}.matchConditions`),
  ];
}

/** Values of labels are let through where the old object had bad selectors; the rest is judged as ever. */
function validateSelector(
  webhook: Webhook,
  field: "namespaceSelector" | "objectSelector",
  path: string,
  tolerance: Tolerance,
): FieldError[] {
  const errors: FieldError[] = [];
  validateLabelSelector(webhook[field], path, errors);
  if (!tolerance.labelValues) return errors;
  return errors.filter(({ field: at }) => !/\.values\[\d+\]$/.test(at));
}

function validateQualifiedDomain(name: string, path: string): FieldError[] {
  if (name === "") return [required(path)];
  const texts = isDns1123Subdomain(name);
  if (texts.length > 0) return [invalidValue(path, name, texts.join(","))];
  if (name.split(".").length >= 3) return [];
  const detail = "should be a domain with at least three segments separated by dots";
  return [invalidValue(path, name, detail)];
}

function validateClientConfig({ clientConfig }: Webhook, path: string): FieldError[] {
  const { url, service } = clientConfig ?? {};
  if ((url === undefined) === (service === undefined)) {
    return [required(path, "exactly one of url or service is required")];
  }
  if (url !== undefined) return validateWebhookUrl(url, `${path}.url`);
  return validateWebhookService(service as ServiceReference, `${path}.service`);
}

function validateWebhookUrl(text: string, path: string): FieldError[] {
  const form = "; desired format: https://host[/path]";
  let url: ReturnType<typeof parseGoUrl>;
  try {
    url = parseGoUrl(text);
  } catch (error) {
    if (!(error instanceof GoUrlError)) throw error;
    return [required(path, `url must be a valid URL: ${error.message}${form}`)];
  }
  const { scheme, host, user, fragment, rawQuery } = url;
  const errors: FieldError[] = [];
  const refuse = (value: string, detail: string) => {
    errors.push(invalidValue(path, value, detail));
  };
  if (scheme !== "https") refuse(scheme, `'https' is the only allowed URL scheme${form}`);
  if (host === "") refuse(host, `host must be specified${form}`);
  if (user !== undefined) refuse(user, "user information is not permitted in the URL");
  if (fragment !== "") refuse(fragment, "fragments are not permitted in the URL");
  if (rawQuery !== "") refuse(rawQuery, "query parameters are not permitted in the URL");
  return errors;
}

/** Upstream mistakes the namespace for the name in what it requires. */
export function validateWebhookService(service: ServiceReference, path: string): FieldError[] {
  const { name, namespace, port = 0, path: urlPath } = service;
  const errors: FieldError[] = [];
  if (!namespace) errors.push(required(`${path}.name`));
  if (!name) errors.push(required(`${path}.namespace`));
  const texts = isValidPortNumber(port);
  if (texts.length > 0) {
    errors.push(invalidValue(`${path}.port`, port, `port is not valid: ${texts.join(", ")}`));
  }
  if (urlPath === undefined || urlPath === "/" || urlPath === "") return errors;
  return [...errors, ...validateUrlPath(urlPath, `${path}.path`)];
}

function validateUrlPath(urlPath: string, field: string): FieldError[] {
  if (urlPath === "//") return [invalidValue(field, urlPath, "segment[0] may not be empty")];
  const errors: FieldError[] = [];
  if (!urlPath.startsWith("/")) errors.push(invalidValue(field, urlPath, "must start with a '/'"));
  const segments = urlPath.slice(1).replace(/\/$/, "").split("/");
  segments.forEach((segment, i) => {
    if (segment === "") {
      errors.push(invalidValue(field, urlPath, `segment[${i}] may not be empty`));
      return;
    }
    for (const text of isDns1123Subdomain(segment)) {
      errors.push(invalidValue(field, urlPath, `segment[${i}]: ${text}`));
    }
  });
  return errors;
}
