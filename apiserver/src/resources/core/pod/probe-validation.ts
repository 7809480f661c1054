// Probes and lifecycle hooks (upstream: validateProbe, validateHandler, validateLifecycle).
import type {
  Container,
  ExecAction,
  HTTPGetAction,
  Lifecycle,
  Probe,
  SleepAction,
} from "@coracle/shared/api/types/core-v1";
import {
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import {
  isHttpHeaderName,
  isValidPortName,
  isValidPortNumber,
} from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { addInvalid, checkNonNegative } from "./findings.ts";

interface Handler {
  exec?: ExecAction;
  httpGet?: HTTPGetAction;
  tcpSocket?: { port: number | string };
  grpc?: { port: number };
  sleep?: SleepAction;
}

export function validateProbes(
  container: Container,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    validateProbe(livenessProbe, gracePeriod, `${path}.livenessProbe`, errors);
    requireOneSuccess(livenessProbe, `${path}.livenessProbe`, errors);
  }
  if (readinessProbe) {
    validateProbe(readinessProbe, gracePeriod, `${path}.readinessProbe`, errors);
    const period = readinessProbe.terminationGracePeriodSeconds;
    if (period !== undefined) {
      const field = `${path}.readinessProbe.terminationGracePeriodSeconds`;
      errors.push(invalidValue(field, period, "must not be set for readinessProbes"));
    }
  }
  if (startupProbe) {
    validateProbe(startupProbe, gracePeriod, `${path}.startupProbe`, errors);
    requireOneSuccess(startupProbe, `${path}.startupProbe`, errors);
  }
}

function requireOneSuccess(probe: Probe, path: string, errors: FieldError[]): void {
  if (probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
  }
}

function validateProbe(
  probe: Probe,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  validateHandler(probe, gracePeriod, path, errors);
  checkNonNegative(errors, `${path}.initialDelaySeconds`, probe.initialDelaySeconds);
  checkNonNegative(errors, `${path}.timeoutSeconds`, probe.timeoutSeconds);
  checkNonNegative(errors, `${path}.periodSeconds`, probe.periodSeconds);
  checkNonNegative(errors, `${path}.successThreshold`, probe.successThreshold);
  checkNonNegative(errors, `${path}.failureThreshold`, probe.failureThreshold);
  const period = probe.terminationGracePeriodSeconds;
  if (period !== undefined && period <= 0) {
    const field = `${path}.terminationGracePeriodSeconds`;
    errors.push(invalidValue(field, period, "must be greater than 0"));
  }
}

/** The first handler is judged, every other one is too many. */
function validateHandler(
  handler: Handler,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  let found = false;
  const first = (field: string): boolean => {
    if (found) errors.push(forbiddenField(field, "may not specify more than 1 handler type"));
    const isFirst = !found;
    found = true;
    return isFirst;
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec && first(`${path}.exec`) && !exec.command?.length) {
    errors.push(required(`${path}.exec.command`));
  }
  if (httpGet && first(`${path}.httpGet`)) validateHttpGet(httpGet, `${path}.httpGet`, errors);
  if (tcpSocket && first(`${path}.tcpSocket`)) {
    validatePort(tcpSocket.port, `${path}.tcpSocket.port`, errors);
  }
  if (grpc && first(`${path}.grpc`)) validatePort(grpc.port, `${path}.grpc.port`, errors);
  if (sleep && first(`${path}.sleep`)) validateSleep(sleep, gracePeriod, `${path}.sleep`, errors);
  if (!found) errors.push(required(path, "must specify a handler type"));
}

function validateHttpGet(http: HTTPGetAction, path: string, errors: FieldError[]): void {
  if (!http.path) errors.push(required(`${path}.path`));
  validatePort(http.port, `${path}.port`, errors);
  if (http.scheme !== "HTTP" && http.scheme !== "HTTPS") {
    errors.push(notSupported(`${path}.scheme`, http.scheme ?? "", ["HTTP", "HTTPS"]));
  }
  for (const header of http.httpHeaders ?? []) {
    const name = header.name ?? "";
    addInvalid(errors, `${path}.httpHeaders`, name, isHttpHeaderName(name));
  }
}

function validatePort(
  port: number | string | undefined,
  field: string,
  errors: FieldError[],
): void {
  if (typeof port === "string") addInvalid(errors, field, port, isValidPortName(port));
  else addInvalid(errors, field, port ?? 0, isValidPortNumber(port ?? 0));
}

function validateSleep(
  sleep: SleepAction,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  const seconds = sleep.seconds ?? 0;
  if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return;
  const detail = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`;
  errors.push(invalidValue(path, seconds, detail));
}

/** `stopSignal` is behind a gate that is off: it never gets here. */
export function validateLifecycle(
  lifecycle: Lifecycle,
  gracePeriod: number | undefined,
  path: string,
  errors: FieldError[],
): void {
  const { postStart, preStop } = lifecycle;
  if (postStart) validateHandler(postStart, gracePeriod, `${path}.postStart`, errors);
  if (preStop) validateHandler(preStop, gracePeriod, `${path}.preStop`, errors);
}
