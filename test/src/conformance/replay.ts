// Sends recorded requests to an API server and tells where its answers differ from the recorded ones of a real server.
import { request as httpsRequest } from "node:https";
import { normalize } from "./normalize.ts";

export interface Expected {
  status: number;
  type: string;
  warning: string;
  body: unknown;
}

export interface Step {
  name: string;
  method?: string;
  path: string;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Variables for later steps, by a path into the reply. */
  save?: Record<string, string>;
  expected: Expected;
}

export interface Server {
  url: string;
  token: string;
}

interface Answer extends Expected {
  raw: unknown;
}

function fill(value: unknown, variables: Record<string, string>): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value).replace(/\$\{(\w+)\}/g, (whole, name: string) =>
    name in variables ? String(variables[name]).replaceAll('"', '\\"') : whole,
  );
  return JSON.parse(text) as unknown;
}

const pick = (object: unknown, path: string): unknown =>
  path.split(".").reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);

export function send(
  server: Server,
  step: Omit<Step, "expected">,
  namespace: string,
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = step;
  const text =
    body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      server.url + step.path,
      {
        method,
        rejectUnauthorized: false,
        headers: {
          accept: "application/json",
          "user-agent": "conformance/1",
          ...(server.token === "" ? {} : { authorization: `Bearer ${server.token}` }),
          ...(text === undefined
            ? {}
            : { "content-type": type, "content-length": Buffer.byteLength(text) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const reply = Buffer.concat(chunks).toString();
          let raw: unknown = reply;
          const isJson = (response.headers["content-type"] ?? "").includes("json");
          if (isJson && reply !== "") raw = JSON.parse(reply); // HEAD has none
          resolve({
            status: response.statusCode ?? 0,
            type: (response.headers["content-type"] ?? "").replace(/; ?charset=utf-8/i, ""),
            warning: String(response.headers.warning ?? "").replaceAll(namespace, "<ns>"),
            body: normalize(raw, namespace),
            raw,
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

export class Replay {
  readonly #server: Server;
  readonly #variables: Record<string, string>;
  readonly #namespace: string;

  constructor(server: Server, namespace: string) {
    this.#server = server;
    this.#namespace = namespace;
    this.#variables = { ns: namespace };
  }

  async send(step: Omit<Step, "expected">): Promise<Expected> {
    const path = fill(step.path, this.#variables) as string;
    const body = fill(step.body, this.#variables);
    const headers = fill(step.headers, this.#variables) as Step["headers"];
    const request = { ...step, path, body, headers };
    const { raw, ...answer } = await send(this.#server, request, this.#namespace);
    for (const [name, at] of Object.entries(step.save ?? {})) {
      this.#variables[name] = String(pick(raw, at));
    }
    return answer;
  }
}

/** A namespace with its default service account, as a controller would make it. */
export async function prepareNamespace(server: Server, name: string): Promise<void> {
  const make = async (path: string, body: unknown) => {
    const { status } = await send(server, { name: "prepare", method: "POST", path, body }, name);
    if (status !== 201 && status !== 409) throw new Error(`POST ${path}: ${status}`);
  };
  await make("/api/v1/namespaces", { metadata: { name } });
  await make(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: "default" } });
}
