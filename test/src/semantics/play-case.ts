// Plays one case against a server: what it answers to each step, in comparable form.
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { prepareNamespace, type Server as Target } from "../conformance/replay.ts";
import { OpenWatch } from "./open-watch.ts";
import { readProtobuf } from "./protobuf-answer.ts";
import { Relations } from "./relations.ts";
import type { Answer, RequestStep, SemanticsCase, Step, WatchStep } from "./semantics-case.ts";

const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

/** `namespace` is made by it. The results belong to the steps one by one. */
export async function playCase(
  server: Target,
  { steps }: SemanticsCase,
  namespace: string,
): Promise<unknown[]> {
  await prepareNamespace(server, namespace);
  const player = new Player(server, namespace);
  const results: unknown[] = [];
  try {
    for (const step of steps) results.push(await player.play(step));
  } finally {
    player.close();
  }
  return results;
}

class Player {
  readonly #server: Target;
  readonly #variables: Record<string, string>;
  readonly #relations: Relations;
  readonly #watches = new Map<string, OpenWatch>();

  constructor(server: Target, namespace: string) {
    this.#server = server;
    this.#variables = { ns: namespace };
    this.#relations = new Relations(namespace);
  }

  async play(step: Step): Promise<unknown> {
    if ("events" in step) return this.#shownEvents(await this.#watch(step.events).take(step.count));
    if ("end" in step) return this.#shownEvents(await this.#watch(step.end).rest());
    return this.#request(step);
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
  }

  #watch(name: string): OpenWatch {
    const watch = this.#watches.get(name);
    if (watch === undefined) throw new Error(`no watch ${name} was opened`);
    return watch;
  }

  /** A bookmark may be at any version that the server has seen. */
  #shownEvents(events: readonly unknown[]): unknown[] {
    return events.map((event) => {
      const { type, object } = event as { type: string; object: { metadata?: object } };
      if (type !== "BOOKMARK") return this.#relations.shown(event);
      const { resourceVersion: _, ...metadata } = (object.metadata ?? {}) as {
        resourceVersion?: string;
      };
      return { type, object: this.#relations.shown({ ...object, metadata }) };
    });
  }

  async #request(step: RequestStep | WatchStep): Promise<Answer> {
    const response = await this.#send(step);
    const { statusCode: status = 0, headers } = response;
    const type = (headers["content-type"] ?? "").replace(/; ?charset=utf-8/i, "");
    const answer: Answer = { status, type };
    const warnings = warningsOf(response);
    if (warnings.length > 0)
      answer.warnings = warnings.map((text) => String(this.#relations.shown(text)));
    if ("watch" in step && status === 200) {
      this.#watches.set(step.watch, new OpenWatch(response));
      return answer;
    }
    const reply = await bodyOf(response);
    const raw = parsed(reply, type);
    if ("headersShown" in step) {
      const shown = step.headersShown ?? [];
      answer.headers = Object.fromEntries(shown.map((name) => [name, String(headers[name] ?? "")]));
    }
    if ("save" in step) {
      for (const [name, at] of Object.entries(step.save ?? {})) {
        this.#variables[name] = String(pick(raw, at));
      }
    }
    if (raw !== "") answer.body = this.#relations.shown(raw);
    return "brief" in step && step.brief === true ? { status } : answer;
  }

  #send(step: RequestStep | WatchStep): Promise<IncomingMessage> {
    const method = "watch" in step ? "GET" : (step.method ?? "GET");
    const given = "watch" in step ? undefined : step.body;
    const body = given === undefined ? undefined : textOf(this.#filled(given));
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const { hostname, port } = new URL(this.#server.url);
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          agent,
          hostname,
          port,
          method,
          path: this.#filled(step.path) as string,
          headers: {
            accept: "application/json",
            "user-agent": "semantics/1",
            authorization: `Bearer ${this.#server.token}`,
            ...(body === undefined
              ? {}
              : { "content-type": type, "content-length": Buffer.byteLength(body) }),
            ...(this.#filled(step.headers ?? {}) as Record<string, string>),
          },
        },
        resolve,
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  #filled(value: unknown): unknown {
    const text = JSON.stringify(value).replace(/\$\{(\w+)\}/g, (whole, name: string) =>
      name in this.#variables ? String(this.#variables[name]) : whole,
    );
    return JSON.parse(text) as unknown;
  }
}

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

const pick = (object: unknown, path: string): unknown =>
  path.split(".").reduce((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);

function warningsOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "warning");
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
}

function parsed(body: Buffer, type: string): unknown {
  if (body.length === 0) return "";
  if (type.startsWith("application/json")) return JSON.parse(body.toString()) as unknown;
  if (type.startsWith("application/yaml")) return parse(body.toString()) as unknown;
  if (type.startsWith("application/vnd.kubernetes.protobuf")) return readProtobuf(body);
  return body.toString();
}
