// Expressions of webhooks and policies, as far as can be told without compiling them (docs/differences.md): which are
// missing, too many, named badly (upstream: admissionregistration/validation).
import type {
  AuditAnnotation,
  MatchCondition,
  Mutation,
  ParamKind,
  Validation,
  Variable,
} from "@coracle/shared/api/types/admissionregistration-v1";
import {
  duplicate,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from "@coracle/shared/machinery/field-error";
import {
  isDns1035Label,
  isDns1123Subdomain,
  isQualifiedName,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { invalidTexts } from "../field-rules.ts";

const CONDITIONS_MAX = 64;
const ANNOTATIONS_MAX = 20;
const VALUE_EXPRESSION_BYTES_MAX = 5 * 1024;
const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const PATCH_TYPES = ["ApplyConfiguration", "JSONPatch"];

const isBlank = (text: string | undefined): boolean => (text ?? "").trim() === "";

const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

export function validateMatchConditions(
  conditions: readonly MatchCondition[] = [],
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (conditions.length > CONDITIONS_MAX) {
    errors.push(tooMany(path, conditions.length, CONDITIONS_MAX));
  }
  const seen = new Set<string>();
  conditions.forEach(({ name = "", expression }, i) => {
    const at = `${path}[${i}]`;
    if (isBlank(expression)) errors.push(required(`${at}.expression`));
    if (name === "") errors.push(required(`${at}.name`));
    else errors.push(...invalidTexts(`${at}.name`, name, isQualifiedName(name)));
    if (name !== "" && seen.has(name)) errors.push(duplicate(`${at}.name`, name));
    seen.add(name);
  });
  return errors;
}

export function validateVariables(variables: readonly Variable[] = [], path: string): FieldError[] {
  return variables.flatMap(({ name = "", expression }, i) => {
    const errors: FieldError[] = [];
    const at = `${path}[${i}]`;
    if (isBlank(name)) errors.push(required(`${at}.name`, "name is not specified"));
    else if (!IDENTIFIER.test(name) || RESERVED.has(name)) {
      errors.push(invalidValue(`${at}.name`, name, "must be a valid CEL identifier"));
    }
    if (isBlank(expression)) {
      errors.push(required(`${at}.expression`, "expression is not specified"));
    }
    return errors;
  });
}

export function validateValidation(validation: Validation, path: string): FieldError[] {
  const { expression, message = "", messageExpression = "", reason } = validation;
  const errors: FieldError[] = [];
  if (isBlank(expression)) {
    errors.push(required(`${path}.expression`, "expression is not specified"));
  }
  const unlessEmpty = "must be non-empty if specified";
  if (messageExpression !== "" && isBlank(messageExpression)) {
    errors.push(invalidValue(`${path}.messageExpression`, messageExpression, unlessEmpty));
  }
  if (message !== "" && isBlank(message)) {
    errors.push(invalidValue(`${path}.message`, message, unlessEmpty));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(invalidValue(`${path}.message`, message, "must not contain line breaks"));
  }
  if (reason !== undefined && !REASONS.includes(reason)) {
    errors.push(notSupported(`${path}.reason`, reason, REASONS));
  }
  return errors;
}

/** `name` is the policy's: annotations are prefixed with it. */
export function validateAuditAnnotations(
  annotations: readonly AuditAnnotation[] | undefined,
  name: string,
  path: string,
): FieldError[] {
  if (annotations === undefined) return [];
  const errors: FieldError[] = [];
  if (annotations.length > ANNOTATIONS_MAX) {
    const shown = annotations.map(({ key = "", valueExpression = "" }) => ({
      Key: key,
      ValueExpression: valueExpression,
    }));
    const detail = `must not have more than ${ANNOTATIONS_MAX} auditAnnotations`;
    errors.push(invalidValue(path, shown, detail));
  }
  const seen = new Set<string>();
  annotations.forEach(({ key = "", valueExpression = "" }, i) => {
    const at = `${path}[${i}]`;
    const qualified = `${name}/${key}`;
    errors.push(...invalidTexts(`${at}.key`, qualified, isQualifiedName(qualified)));
    const expression = valueExpression.trim();
    if (expression === "") {
      errors.push(required(`${at}.valueExpression`, "valueExpression is not specified"));
    } else if (Buffer.byteLength(expression) > VALUE_EXPRESSION_BYTES_MAX) {
      const detail = `must not exceed ${VALUE_EXPRESSION_BYTES_MAX} bytes in length`;
      errors.push(required(`${at}.valueExpression`, detail));
    }
    if (seen.has(key)) errors.push(duplicate(`${at}.key`, key));
    seen.add(key);
  });
  return errors;
}

export function validateMutation(mutation: Mutation, path: string): FieldError[] {
  const { patchType, applyConfiguration, jsonPatch } = mutation;
  if (!patchType) return [required(`${path}.patchType`)];
  if (!PATCH_TYPES.includes(patchType)) {
    return [notSupported(`${path}.patchType`, patchType, PATCH_TYPES)];
  }
  const isJson = patchType === "JSONPatch";
  const [wanted, other] = isJson
    ? (["jsonPatch", "applyConfiguration"] as const)
    : (["applyConfiguration", "jsonPatch"] as const);
  const [own, foreign] = isJson ? [jsonPatch, applyConfiguration] : [applyConfiguration, jsonPatch];
  const errors: FieldError[] = [];
  if (own === undefined) {
    errors.push(required(`${path}.${wanted}`, `must be specified when patchType is ${patchType}`));
  } else if (isBlank(own.expression)) errors.push(required(`${path}.${wanted}.expression`));
  if (foreign !== undefined) {
    const detail = `must not be specified when patchType is ${patchType}`;
    errors.push(invalidValue(`${path}.${other}`, `{${other}}`, detail));
  }
  return errors;
}

export function validateParamKind(
  { apiVersion = "", kind = "" }: ParamKind,
  path: string,
): FieldError[] {
  const errors = validateApiVersion(apiVersion, `${path}.apiVersion`);
  if (kind === "") return [...errors, required(`${path}.kind`)];
  const texts = isDns1035Label(kind.toLowerCase());
  if (texts.length === 0) return errors;
  const detail = `may have mixed case, but should otherwise match: ${texts.join(",")}`;
  return [...errors, invalidValue(`${path}.kind`, kind, detail)];
}

function validateApiVersion(apiVersion: string, path: string): FieldError[] {
  if (apiVersion === "") return [required(path)];
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  if (parts.length > 2) {
    const detail = `unexpected GroupVersion string: ${apiVersion}`;
    return [invalidValue(path, apiVersion, detail)];
  }
  const version = parts.at(-1) as string;
  const group = parts.length === 2 ? (parts[0] as string) : "";
  const errors: FieldError[] = [];
  const joined = (value: string, texts: readonly string[]) => {
    if (texts.length > 0) errors.push(invalidValue(path, value, texts.join(",")));
  };
  if (group !== "") joined(group, isDns1123Subdomain(group));
  if (version === "") errors.push(invalidValue(path, apiVersion, "version must be specified"));
  else joined(version, isDns1035Label(version));
  return errors;
}
