// Who sends a request: a client certificate of the cluster's CA, or a bearer token of the token file. Without either the
// user is system:anonymous; with a wrong one the answer is 401 (upstream: apiserver pkg/authentication).
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { unauthorized } from "@coracle/shared/machinery/status-error";
import type { User } from "../registry/user.ts";

export const anonymous: User = {
  name: "system:anonymous",
  uid: "",
  groups: ["system:unauthenticated"],
};

const AUTHENTICATED = "system:authenticated";
const BEARER = /^bearer +/i;

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

export type Authenticate = (request: IncomingMessage) => User;

export function createAuthenticator(tokenFile: string | undefined): Authenticate {
  const tokens =
    tokenFile === undefined
      ? new Map<string, User>()
      : parseTokenFile(readFileSync(tokenFile, "utf8"));
  const bySocket = new WeakMap<object, User | null>();

  return (request) => {
    const socket = request.socket as TLSSocket;
    let user = bySocket.get(socket);
    if (user === undefined) {
      user = certificateUser(socket);
      bySocket.set(socket, user);
    }
    if (user !== null) return user;
    const header = request.headers.authorization;
    if (header === undefined || header === "") return anonymous;
    if (!BEARER.test(header)) return anonymous;
    const known = tokens.get(header.replace(BEARER, "").trim());
    if (known === undefined) throw unauthorized();
    return known;
  };
}

/** The certificate's common name and organisations; null without a certificate that the client CA signed. */
function certificateUser(socket: TLSSocket): User | null {
  if (socket.authorized !== true) return null;
  const subject = socket.getPeerCertificate()?.subject as
    | { CN?: string; O?: string | string[] }
    | undefined;
  if (subject?.CN === undefined) return null;
  const organisations =
    subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O];
  return { name: subject.CN, uid: "", groups: [...organisations, AUTHENTICATED] };
}
