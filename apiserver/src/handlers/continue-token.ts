// Where a paginated list goes on: upstream's token, base64url of {"v","rv","start"}; `start` is relative to the prefix and
// ends in NUL, so that it is the first key after the last one sent.

import { badRequest, expired, type StatusError } from "@coracle/shared/machinery/status-error";
import { type JsonNode, JsonSyntaxError, readJson } from "../encoding/json-document.ts";

const NO_VALUE = "looking for beginning of value";
const VERSION = "meta.k8s.io/v1";

export interface ContinueToken {
  revision: number;
  /** Key relative to the prefix of the list, without the NUL. */
  after: string;
}

export function encodeContinue({ revision, after }: ContinueToken): string {
  // Go escapes NUL in the same way.
  const json = JSON.stringify({ v: VERSION, rv: revision, start: `/${after}\u0000` });
  return Buffer.from(json).toString("base64url");
}

/** A negative revision means the latest. Throws 400. */
export function decodeContinue(token: string): ContinueToken {
  const { v, rv, start } = fieldsOf(parsed(decodedBase64(token)));
  if (v !== VERSION) throw invalidToken(`server does not recognize this encoded version ${v}`);
  if (rv === 0) throw invalidToken(`incorrect encoded start resourceVersion (version ${VERSION})`);
  if (start === "") throw invalidToken(`encoded start key empty (version ${VERSION})`);
  const key = start.startsWith("/") ? start : `/${start}`;
  if (!isClean(key)) throw invalidToken(start);
  return { revision: rv, after: key.slice(1).replace(/\0$/, "") };
}

const isClean = (key: string): boolean =>
  key === "/" ||
  key
    .slice(1)
    .split("/")
    .every((part) => part !== "" && part !== "." && part !== "..");

/** Go's decoder skips line ends and takes no padding. */
function decodedBase64(token: string): string {
  const bad = /[^A-Za-z0-9_\-\r\n]/.exec(token)?.index;
  const digits = token.replace(/[\r\n]/g, "");
  const corrupt = bad ?? (digits.length % 4 === 1 ? token.length - 1 : undefined);
  if (corrupt !== undefined) throw invalidToken(`illegal base64 data at input byte ${corrupt}`);
  const bytes = Buffer.from(digits, "base64url");
  const first = bytes.toString("latin1", 0, 1);
  if (first > "\x7f") throw invalidToken(`invalid character '${first}' ${NO_VALUE}`);
  return bytes.toString("utf8");
}

function parsed(text: string): JsonNode {
  try {
    return readJson(text);
  } catch (error) {
    throw error instanceof JsonSyntaxError ? invalidToken(error.message) : error;
  }
}

/** As Go's encoding/json fills its struct: names in any case, the first mismatch is what is told. */
function fieldsOf(node: JsonNode): { v: string; rv: number; start: string } {
  const fields = { v: "", rv: 0, start: "" };
  if (node.type === "null") return fields;
  const mismatch = (what: string, into: string) =>
    invalidToken(`json: cannot unmarshal ${what} into Go ${into}`);
  if (node.type !== "object") throw mismatch(node.type, "value of type storage.continueToken");
  for (const { key, value } of node.members) {
    const name = key.toLowerCase();
    if (value.type === "null" || (name !== "v" && name !== "rv" && name !== "start")) continue;
    const field = (type: string) => `struct field continueToken.${name} of type ${type}`;
    if (name !== "rv") {
      if (value.type !== "string") throw mismatch(value.type, field("string"));
      fields[name] = value.value;
      continue;
    }
    if (value.type !== "number") throw mismatch(value.type, field("int64"));
    const isInt64 =
      /^-?\d+$/.test(value.text) && BigInt.asIntN(64, BigInt(value.text)) === BigInt(value.text);
    if (!isInt64) throw mismatch(`number ${value.text}`, field("int64"));
    fields.rv = Number(value.text);
  }
  return fields;
}

const invalidToken = (why: string): StatusError =>
  badRequest(`invalid continue token: continue key is not valid: ${why}`);

/** 410 for a page whose snapshot is gone; `fresh` continues at the current revision. */
export function continueExpired(fresh: string): StatusError {
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata = { continue: fresh };
  return error;
}
