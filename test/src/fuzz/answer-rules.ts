// What an answer to whatever nonsense has to be.
import { decodeEnvelope } from "@coracle/apiserver/encoding/protobuf";
import { parse } from "yaml";
import type { FuzzRequest } from "./fuzz-request.ts";
import type { Outcome } from "./send-request.ts";

interface ServerErrorRule {
  /** What upstream does. */
  upstream: string;
  status: number;
  message: RegExp;
}

/** Server errors that kube-apiserver gives to the same requests. */
const serverErrors: readonly ServerErrorRule[] = [
  {
    upstream: "an applied configuration that its kind's schema does not take",
    status: 500,
    message: /^failed to create typed patch object \(/,
  },
  {
    upstream: "an applied configuration with a value that its field's type does not take",
    status: 500,
    message:
      /^(failed to prune fields: )?failed to convert (new|merged) object\b.*: unable to convert unstructured object to /,
  },
  {
    upstream: "a strategic merge patch with a $patch directive that is none, or is none there",
    status: 500,
    message: /^unknown patch type: /,
  },
  {
    upstream: "a strategic merge patch whose value is not of the field's type",
    status: 500,
    message: /^expected a (\[\]|map\[string\])interface \{\}, but received an? /,
  },
  {
    upstream: "a strategic merge patch of a list whose elements are of several types",
    status: 500,
    message:
      /^(list element types are not identical: |no elements in any of the given slices$|cannot merge lists without merge key)/,
  },
  {
    upstream: "a strategic merge patch whose $setElementOrder names others than its list",
    status: 500,
    message: /^The order in patch list:/,
  },
  {
    upstream: "an eviction of a Pod that several budgets cover",
    status: 500,
    message: /^This pod has more than one PodDisruptionBudget/,
  },
  {
    upstream: "a strategic merge patch of a list element without its merge key",
    status: 500,
    message: /does not contain declared merge key: /,
  },
  {
    upstream: "a strategic merge patch with a directive for a field that is not of its type",
    status: 500,
    message:
      /^(merging an object in json but data type is not struct|expected slice or array type, but got: |unable to find api field in struct )/,
  },
  {
    upstream: "a strategic merge patch that tells a list in a list to be merged",
    status: 500,
    message: /^merging lists cannot yet be specified in the patch$/,
  },
  {
    upstream: "a create with a resource version",
    status: 500,
    message: /^resourceVersion should not be set on objects to be created$/,
  },
  {
    upstream: "a proxied service without endpoints, or without the port",
    status: 503,
    message: /^no (endpoints available|service port .* found) for service /,
  },
  {
    upstream: "a proxied Pod or service that does not answer",
    status: 503,
    message: /^error trying to reach service: /,
  },
  {
    upstream: "a kubelet that does not answer",
    status: 500,
    message: /^(Internal error occurred: )?Get "https:\/\//,
  },
  {
    upstream: "a proxied page that cannot be read, or a backend that speaks otherwise",
    status: 500,
    message: /^(errorf making gzip reader: |unexpected EOF$|backend tried to switch protocol )/,
  },
  {
    upstream: "a proxied node without an address",
    status: 500,
    message: /^no preferred addresses found; known addresses: /,
  },
  {
    upstream: "a service with a health check port that cannot be had",
    status: 500,
    message: /failed to allocate requested HealthCheck NodePort/,
  },
  {
    upstream: "a binding without a good target",
    status: 500,
    message: /^\[?target\.(name: Required|kind: Unsupported) value/,
  },
  {
    upstream: "a resource version that is no number, of a get",
    status: 500,
    message: /strconv\.ParseUint: parsing .*: (value out of range|invalid syntax)$/,
  },
  {
    upstream: "a resource version that is not reached in time",
    status: 504,
    message: /^Timeout: Too large resource version: /,
  },
  {
    upstream: "a request's own timeout",
    status: 504,
    message: /^request did not complete within /,
  },
];

/** Undefined when all is well. */
export function complaintOf(request: FuzzRequest, outcome: Outcome): string | undefined {
  if (outcome.kind === "late") return "no answer in time";
  if (outcome.kind === "left") return undefined;
  if (outcome.kind === "closed") {
    // A backend that breaks off breaks off its client's connection too.
    const mayClose = request.raw !== undefined || isProxied(request.path);
    return mayClose ? undefined : `the connection ended: ${outcome.why}`;
  }
  const { status, body, type } = outcome;
  if (status < 400) return jsonComplaint(outcome);
  const isEmpty = body.length === 0 || body.equals(NO_CHUNKS);
  if (request.method === "HEAD" || isEmpty) {
    const isFine = status < 500 || request.method === "HEAD"; // which cannot say why
    return isFine ? undefined : `${status} without a body`;
  }
  const found = statusIn(type, body);
  if (found === undefined) return plainComplaint(status, type, body);
  const wrong = statusComplaint(found, status);
  if (wrong !== undefined) return `${wrong}: ${body.toString().slice(0, 500)}`;
  if (status < 500) return undefined;
  const message = String(found.message);
  const isUpstreams = serverErrors.some(
    (rule) => rule.status === status && rule.message.test(message),
  );
  return isUpstreams ? undefined : `${status} ${message.slice(0, 500)}`;
}

const isProxied = (path: string): boolean => /\/(proxy\/|log(\?|$))/.test(path);

function jsonComplaint({
  type,
  body,
  isComplete,
}: Outcome & { kind: "answer" }): string | undefined {
  if (!type.startsWith("application/json") || !isComplete || body.length === 0) return undefined;
  const lines = body.toString().trim();
  try {
    JSON.parse(lines);
  } catch (error) {
    // A watch that has ended: one document a line.
    const isWatch = lines.split("\n").every((line) => line.startsWith('{"type":'));
    if (!isWatch) return `no JSON: ${(error as Error).message}`;
  }
  return undefined;
}

const NO_CHUNKS = Buffer.from("0\r\n\r\n");

type Found = Record<string, unknown>;

function statusIn(type: string, body: Buffer): Found | undefined {
  try {
    if (type.startsWith("application/json")) return JSON.parse(body.toString()) as Found;
    if (type.startsWith("application/yaml")) return parse(body.toString()) as Found;
    if (type.startsWith("application/vnd.kubernetes.protobuf")) {
      const envelope = decodeEnvelope(body);
      const value = envelope.decode("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
      return { ...value, kind: envelope.kind, apiVersion: envelope.version };
    }
  } catch (error) {
    return { kind: `unreadable: ${(error as Error).message}` };
  }
  return undefined;
}

function statusComplaint(found: Found, status: number): string | undefined {
  const { kind, apiVersion, code, message, status: outcome } = found;
  if (kind !== "Status" || apiVersion !== "v1") return `${status} is no Status`;
  if (code !== status) return `${status} has the code ${String(code)}`;
  if (outcome !== "Failure") return `${status} is no Failure`;
  return typeof message === "string" ? undefined : `${status} has no message`;
}

/** Upstream's texts outside of the API itself. */
const plainTexts: Readonly<Record<number, RegExp>> = {
  400: /^(400 Bad Request|invalid )/,
  403: /^Forbidden/,
  404: /^404 page not found\n/,
  405: /./,
  406: /./,
  415: /./,
  429: /^Too many requests/,
  431: /./,
  /** A group that another server is to serve. */
  503: /^service unavailable/,
  504: /"Timeout: request did not complete within the allotted timeout"/,
};

function plainComplaint(status: number, type: string, body: Buffer): string | undefined {
  const text = body.toString();
  if (plainTexts[status]?.test(text) === true) return undefined;
  return `${status} (${type}) is no Status: ${text.slice(0, 300)}`;
}
