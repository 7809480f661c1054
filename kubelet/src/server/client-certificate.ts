// Who calls: only a client with a certificate of the cluster's authority is heard, and only the API server (or an administrator)
// may do what the kubelet's server offers: it runs commands in containers.
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

const ALLOWED_GROUP = "system:masters";
const ALLOWED_USER = "kube-apiserver-kubelet-client";

export type Refusal = { code: 401 | 403; message: string };

/** Undefined when the request may go on. */
export function refusalOf(request: IncomingMessage): Refusal | undefined {
  const socket = request.socket as TLSSocket;
  // `authorized` alone is also true for a session that was resumed without a certificate.
  const subject = socket.authorized ? socket.getPeerCertificate()?.subject : undefined;
  if (subject === undefined) return { code: 401, message: "Unauthorized" };
  const user = subject.CN ?? "";
  const groups = [subject.O ?? []].flat();
  if (groups.includes(ALLOWED_GROUP) || user === ALLOWED_USER) return undefined;
  const verb = verbs[request.method ?? ""] ?? "";
  return {
    code: 403,
    message: `Forbidden (user=${user}, verb=${verb}, resource=nodes, subresource(s)=[proxy])`,
  };
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
