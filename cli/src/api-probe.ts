// The few questions that the cli asks the API server, with the admin's certificate.
import { Agent, request } from "node:https";
import { createSecureContext } from "node:tls";

export interface ProbeTarget {
  host: string;
  port: number;
  /** PEM texts. */
  authority: string;
  certificate: string;
  key: string;
}

export interface NodeStates {
  ready: string[];
  notReady: string[];
}

interface NodeList {
  items: {
    metadata: { name: string };
    status?: { conditions?: { type: string; status: string }[] };
  }[];
}

const ANSWER_MS_MAX = 5_000;

interface LeaseObject {
  spec?: { holderIdentity?: string };
}

/** One kept-alive connection; close() it. */
export class ApiProbe {
  readonly #target: ProbeTarget;
  readonly #agent: Agent;
  readonly #answerMsMax: number;

  constructor(target: ProbeTarget, answerMsMax = ANSWER_MS_MAX) {
    this.#target = target;
    this.#answerMsMax = answerMsMax;
    const { authority: ca, certificate: cert, key } = target;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      secureContext: createSecureContext({ ca, cert, key }),
    });
  }

  /** `ok`, or why not in one line. */
  async readiness(): Promise<string> {
    try {
      const { status, body } = await this.#get("/readyz");
      return status === 200 ? "ok" : `status ${status}: ${body.trim().split("\n").at(-1)}`;
    } catch (error) {
      return (error as Error).message || String((error as NodeJS.ErrnoException).code);
    }
  }

  /** Undefined while the API server does not answer. */
  async nodes(): Promise<NodeStates | undefined> {
    const answer = await this.#get("/api/v1/nodes").catch(() => undefined);
    if (answer?.status !== 200) return undefined;
    const states: NodeStates = { ready: [], notReady: [] };
    for (const { metadata, status } of (JSON.parse(answer.body) as NodeList).items) {
      const condition = status?.conditions?.find(({ type }) => type === "Ready");
      states[condition?.status === "True" ? "ready" : "notReady"].push(metadata.name);
    }
    return states;
  }

  /** Without the default service account no Pod can be created. */
  async hasDefaultServiceAccount(): Promise<boolean> {
    const path = "/api/v1/namespaces/default/serviceaccounts/default";
    const answer = await this.#get(path).catch(() => undefined);
    return answer?.status === 200;
  }

  /** Who holds a lease of kube-system; undefined when nobody does. */
  async leader(lease: string): Promise<string | undefined> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${lease}`;
    const answer = await this.#get(path).catch(() => undefined);
    if (answer?.status !== 200) return undefined;
    return (JSON.parse(answer.body) as LeaseObject).spec?.holderIdentity || undefined;
  }

  close(): void {
    this.#agent.destroy();
  }

  #get(path: string): Promise<{ status: number; body: string }> {
    const { host, port } = this.#target;
    return new Promise((resolve, reject) => {
      const options = { host, port, path, agent: this.#agent, timeout: this.#answerMsMax };
      const outgoing = request(options, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
      outgoing.on("error", reject);
      outgoing.end();
    });
  }
}
