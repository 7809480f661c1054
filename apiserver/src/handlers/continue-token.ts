// Where a paginated list goes on: upstream's token, base64url of {"v","rv","start"}; `start` is relative to the prefix and
// ends in NUL, so that it is the first key after the last one sent.
import { badRequest, expired, type StatusError } from "@coracle/shared/machinery/status-error";

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

export function decodeContinue(token: string): ContinueToken {
  const bytes = Buffer.from(token, "base64url");
  let parsed: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
  } catch {
    const first = bytes.toString("latin1")[0] ?? "";
    const why =
      first === ""
        ? "unexpected end of JSON input"
        : `invalid character '${first}' looking for beginning of value`;
    throw invalidToken(why);
  }
  const { v, rv, start } = parsed;
  if (v !== VERSION) {
    throw badRequest(
      'invalid continue token: continue key is not valid: server does not recognize this encoded version "' +
        String(v ?? "") +
        '"',
    );
  }
  if (typeof rv !== "number" || rv === 0 || typeof start !== "string" || start === "") {
    throw badRequest(
      "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    );
  }
  return { revision: rv, after: start.replace(/^\//, "").replace(/\0$/, "") };
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
