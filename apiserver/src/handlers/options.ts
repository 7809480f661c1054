// The query of a request as the options that upstream defines (metav1 ListOptions, CreateOptions, …), with its findings.

import { forbiddenField, notSupported } from "@coracle/shared/machinery/field-error";
import { goQuoted } from "@coracle/shared/machinery/go-quoted";
import {
  badRequest,
  type FieldError,
  invalid,
  type StatusError,
  statusError,
} from "@coracle/shared/machinery/status-error";

import { validateFieldManager } from "../apply/field-manager-name.ts";

export type FieldValidation = "Strict" | "Warn" | "Ignore";

export interface ListOptions {
  labelSelector: string;
  fieldSelector: string;
  limit: number;
  continue: string;
  resourceVersion: string;
  resourceVersionMatch: string;
  timeoutSeconds: number | undefined;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean | undefined;
}

export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: FieldValidation;
  force: boolean;
}

const INTEGER = /^[+-]?\d+$/;

/** Throws 400 in strconv's words. */
export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const isInteger = INTEGER.test(text);
  if (isInteger && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return Number(text);
  const why = isInteger ? "value out of range" : "invalid syntax";
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
}

/** Upstream reads a present but odd value as true, and "false" or "0" as false. */
function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null ? undefined : text !== "false" && text !== "0";
}

export function optionsInvalid(kind: string, errors: FieldError[]): StatusError {
  return invalid({ group: "meta.k8s.io", kind }, "", errors);
}

export function listOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    limit: integerOf(query, "limit") ?? 0,
    continue: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: integerOf(query, "timeoutSeconds"),
    allowWatchBookmarks: booleanOf(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents: booleanOf(query, "sendInitialEvents"),
  };
  if (watch) setWatchDefaults(options);
  const errors = watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw optionsInvalid("ListOptions", errors);
  return options;
}

/** Who names no version gets the state first (upstream: metainternalversion SetListOptionsDefaults). */
function setWatchDefaults(options: ListOptions): void {
  const { sendInitialEvents, resourceVersion, resourceVersionMatch } = options;
  if (sendInitialEvents !== undefined || resourceVersionMatch !== "") return;
  if (resourceVersion !== "" && resourceVersion !== "0") return;
  options.sendInitialEvents = true;
  options.resourceVersionMatch = "NotOlderThan";
}

function listErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  const field = "resourceVersionMatch";
  if (match !== "") {
    if (options.resourceVersion === "") {
      errors.push(
        forbiddenField(
          field,
          "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
      );
    }
    if (options.continue !== "") {
      errors.push(
        forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"),
      );
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(field, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && options.resourceVersion === "0") {
      errors.push(
        forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      );
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function watchErrors(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  const field = "resourceVersionMatch";
  if (options.sendInitialEvents !== undefined && match !== "NotOlderThan") {
    const why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    errors.push(forbiddenField(field, why));
  }
  if (match !== "") {
    if (options.sendInitialEvents === undefined) {
      const why =
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
      errors.push(forbiddenField(field, why));
    }
    if (match !== "NotOlderThan") errors.push(notSupported(field, match, ["NotOlderThan"]));
    if (options.continue !== "") {
      errors.push(
        forbiddenField(field, "resourceVersionMatch is forbidden when continue is provided"),
      );
    }
  }
  return errors;
}

const validations = new Set(["", "Ignore", "Strict", "Warn"]);

/** `kind`: CreateOptions, UpdateOptions or PatchOptions, as errors name it. */
export function writeOptions(query: URLSearchParams, kind: string): WriteOptions {
  const errors = dryRunErrors(query.getAll("dryRun"));
  const fieldManager = query.get("fieldManager") ?? "";
  errors.push(...validateFieldManager(fieldManager));
  const validation = query.get("fieldValidation") ?? "";
  if (!validations.has(validation)) {
    errors.push(notSupported("fieldValidation", validation, [...validations]));
  }
  if (errors.length > 0) throw optionsInvalid(kind, errors);
  return {
    dryRun: query.getAll("dryRun").includes("All"),
    fieldManager,
    fieldValidation: validation === "" ? "Warn" : (validation as FieldValidation),
    force: booleanOf(query, "force") ?? false,
  };
}

export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (dryRun.some((value) => value !== "All")) {
    errors.push(notSupported("dryRun", dryRun, ["All"]));
  }
  return errors;
}

const UINT64_MAX = 2n ** 64n - 1n;

/** The revision that a resourceVersion names; "" is undefined. */
export function parseResourceVersion(text: string, forWatch = false): number | undefined {
  if (text === "") return undefined;
  const isNumber = /^\d+$/.test(text);
  if (isNumber && BigInt(text) <= UINT64_MAX) return Number(text);
  const why = isNumber ? "value out of range" : "invalid syntax";
  const shown = goQuoted(text);
  const finding = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: ${why}`;
  throw forWatch ? statusError("", finding) : badRequest(`invalid resource version: ${finding}`);
}

/** 504, as a cache answers that does not reach the revision in time. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return statusError(
    "Timeout",
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}
