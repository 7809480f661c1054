import type {
  IngressClass,
  IngressClassParametersReference,
} from "@coracle/shared/api/types/networking-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Label, isDns1123Subdomain, regexMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { immutableField, invalidTexts } from "../field-rules.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { requiredSegment, validateApiGroup } from "./ingress-validation.ts";

const DEFAULT_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";
/** Ingresses without a class get such a one. */
export const isDefaultIngressClass = ({ metadata }: IngressClass): boolean =>
  metadata.annotations?.[DEFAULT_ANNOTATION] === "true";

const CONTROLLER_BYTES_MAX = 250;
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPathPattern = new RegExp(`^${HTTP_PATH}$`);

function validateController(controller: string): FieldError[] {
  const field = "spec.controller";
  const errors: FieldError[] = [];
  if (Buffer.byteLength(controller) > CONTROLLER_BYTES_MAX) {
    errors.push(tooLong(field, CONTROLLER_BYTES_MAX));
  }
  if (controller === "") return [...errors, required(field)];
  const slash = controller.indexOf("/");
  const domain = controller.slice(0, Math.max(slash, 0));
  const path = controller.slice(slash + 1);
  if (domain === "" || path === "") {
    const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [...errors, invalidValue(field, controller, detail)];
  }
  errors.push(...invalidTexts(field, domain, isDns1123Subdomain(domain)));
  if (!httpPathPattern.test(path)) {
    errors.push(invalidValue(field, path, regexMessage("Invalid path", HTTP_PATH)));
  }
  return errors;
}

function validateScope(parameters: IngressClassParametersReference, path: string): FieldError[] {
  const { namespace, scope } = parameters;
  const field = `${path}.namespace`;
  if (scope === "Cluster") {
    if (namespace === undefined) return [];
    return [forbiddenField(field, "`parameters.scope` is set to 'Cluster'")];
  }
  if (scope === "Namespace") {
    return namespace === undefined
      ? [required(field, "`parameters.scope` is set to 'Namespace'")]
      : invalidTexts(field, namespace, isDns1123Label(namespace));
  }
  if (scope === undefined || scope === null) return [required(`${path}.scope`)];
  return [notSupported(`${path}.scope`, scope, ["Cluster", "Namespace"])];
}

function validateSpec({ spec }: IngressClass): FieldError[] {
  const errors = validateController(spec.controller ?? "");
  const { parameters } = spec;
  if (parameters === undefined) return errors;
  const path = "spec.parameters";
  return [
    ...errors,
    ...validateApiGroup(parameters.apiGroup, path),
    ...requiredSegment(parameters.kind, `${path}.kind`),
    ...requiredSegment(parameters.name, `${path}.name`),
    ...validateScope(parameters, path),
  ];
}

function parametersCell(parameters: IngressClassParametersReference | undefined): string {
  if (parameters === undefined) return "<none>";
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? "" : `.${apiGroup}`}/${name}`;
}

export const ingressClassBehaviour: ResourceBehaviour<IngressClass> = {
  storagePrefix: "ingressclasses",
  setDefaults({ spec }) {
    if (spec.parameters !== undefined) spec.parameters.scope ??= "Cluster";
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate({ metadata }) {
      metadata.generation = 1;
    },
    validate: validateSpec,
    prepareForUpdate(ingressClass, old) {
      if (semanticEqual(ingressClass.spec, old.spec)) return;
      ingressClass.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (ingressClass, old) => [
      ...repeatMetadataUpdate(ingressClass.metadata, old.metadata),
      ...immutableField(
        ingressClass.spec.controller ?? "",
        old.spec.controller ?? "",
        "spec.controller",
      ),
      ...repeatObjectMeta(ingressClass.metadata, false, isDns1123Subdomain),
      ...validateSpec(ingressClass),
    ],
  },
  cells: (ingressClass, now) => [
    `${ingressClass.metadata.name}${isDefaultIngressClass(ingressClass) ? " (default)" : ""}`,
    ingressClass.spec.controller ?? "",
    parametersCell(ingressClass.spec.parameters),
    age(ingressClass.metadata.creationTimestamp, now),
  ],
};
