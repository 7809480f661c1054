// Who sends a request: a client certificate of the cluster's CA, or a bearer token of the token file or of a service account.
// Without either the user is system:anonymous; with a wrong one the answer is 401 (upstream: apiserver pkg/authentication).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { unauthorized } from "@coracle/shared/machinery/status-error";
import type { User } from "../registry/user.ts";
import type { Authenticated, ServiceAccountTokens } from "./service-account-tokens.ts";

export const anonymous: User = {
  name: "system:anonymous",
  uid: "",
  groups: ["system:unauthenticated"],
};

const AUTHENTICATED = "system:authenticated";
const UNKNOWN_TOKEN = "invalid bearer token";
const BEARER = /^bearer +/i;
/** How a browser sends a token, which cannot set headers of a WebSocket. */
const BEARER_PROTOCOL = "base64url.bearer.authorization.k8s.io.";

/** Lines of `token,user,uid[,"group1,group2"]`, the form of kube-apiserver's --token-auth-file. */
export function parseTokenFile(text: string): Map<string, User> {
  const users = new Map<string, User>();
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const match = /^([^,]+),([^,]+),([^,]*)(?:,\s*"?([^"]*)"?)?\s*$/.exec(line);
    if (match === null) throw new Error("token file: a line is not token,user,uid[,groups]");
    const [, token, name, uid, groups = ""] = match as unknown as [string, string, string, string];
    const named = groups
      .split(",")
      .map((group) => group.trim())
      .filter((group) => group !== "");
    users.set(token, { name, uid, groups: [...named, AUTHENTICATED] });
  }
  return users;
}

export interface AuthenticatorOptions {
  tokenFile: string | undefined;
  /** Absent: there are no service account tokens. */
  serviceAccounts?: ServiceAccountTokens;
}

export class Authenticator {
  readonly #tokens: ReadonlyMap<string, User>;
  readonly #serviceAccounts: ServiceAccountTokens | undefined;
  /** Of sockets whose client showed a certificate, or null. */
  readonly #bySocket = new WeakMap<object, User | null>();

  constructor({ tokenFile, serviceAccounts }: AuthenticatorOptions) {
    this.#tokens =
      tokenFile === undefined ? new Map() : parseTokenFile(readFileSync(tokenFile, "utf8"));
    this.#serviceAccounts = serviceAccounts;
  }

  /** Throws 401. */
  userOf(request: IncomingMessage): User {
    const socket = request.socket as TLSSocket;
    let user = this.#bySocket.get(socket);
    if (user === undefined) {
      user = certificateUser(socket);
      this.#bySocket.set(socket, user);
    }
    if (user !== null) return user;
    const token = bearerToken(request);
    if (token === undefined) return anonymous;
    const found = this.tokenUser(token);
    if ("failure" in found) throw unauthorized();
    return found.user;
  }

  /** `audiences`: for whom the token has to be good; default the API server itself. */
  tokenUser(token: string, audiences?: readonly string[]): Authenticated {
    const own = this.#serviceAccounts?.audiences ?? [];
    const known = this.#tokens.get(token);
    if (known !== undefined) {
      const common = own.filter((audience) => audiences?.includes(audience) ?? true);
      if (common.length > 0 || own.length === 0) return { user: known, audiences: common };
      return { failure: UNKNOWN_TOKEN };
    }
    const found = this.#serviceAccounts?.authenticate(token, audiences);
    if (found === undefined) return { failure: UNKNOWN_TOKEN };
    return "failure" in found ? { failure: `[${UNKNOWN_TOKEN}, ${found.failure}]` } : found;
  }
}

/** Undefined when the request shows none. Throws 401 for what cannot be read. */
function bearerToken({ headers }: IncomingMessage): string | undefined {
  const { authorization = "" } = headers;
  if (BEARER.test(authorization)) {
    const token = authorization.replace(BEARER, "").trim();
    return token === "" ? undefined : token;
  }
  return headers.upgrade?.toLowerCase() === "websocket" ? protocolToken(headers) : undefined;
}

/** Takes the token out of the protocols, of which one has to remain. */
function protocolToken(headers: IncomingMessage["headers"]): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
  const tokens = offered.filter((protocol) => protocol.startsWith(BEARER_PROTOCOL));
  const others = offered.filter((protocol) => !protocol.startsWith(BEARER_PROTOCOL));
  const [token] = tokens;
  if (token === undefined) return undefined;
  if (tokens.length > 1 || others.length === 0) throw unauthorized();
  headers["sec-websocket-protocol"] = others.join(",");
  return Buffer.from(token.slice(BEARER_PROTOCOL.length), "base64url").toString();
}

/** The certificate's common name and organisations; null without a certificate that the client CA signed. */
function certificateUser(socket: TLSSocket): User | null {
  if (socket.authorized !== true) return null;
  const certificate = socket.getPeerCertificate();
  const subject = certificate?.subject as { CN?: string; O?: string | string[] } | undefined;
  if (subject?.CN === undefined) return null;
  const organisations =
    subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O];
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  return {
    name: subject.CN,
    uid: "",
    groups: [...organisations, AUTHENTICATED],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${fingerprint}`] },
  };
}
