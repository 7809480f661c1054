// The log lines that let a reader follow a Pod: one a step, each naming the Pod. Each is said once.
import type { Pod, PodStatus } from "@coracle/shared/api/types/core-v1";
import type { Logger } from "@coracle/shared/runtime/logger";

export class PodNarrator {
  readonly object: string;
  readonly #logger: Logger;
  readonly #node: string;
  #said: string | undefined;
  #failure: string | undefined;
  readonly #finishedInits = new Set<string>();

  constructor(logger: Logger, { metadata, spec }: Pod) {
    this.object = `pod ${metadata.namespace}/${metadata.name}`;
    this.#node = spec.nodeName ?? "";
    this.#logger = logger;
  }

  sandboxStarted(ip: string): void {
    this.#info("sandbox started", { ip });
  }

  containerStarted(kind: string, container: string, image: string, restartCount: number): void {
    this.#info(`${kind} started`, { container, image, restartCount });
  }

  containerFailed(container: string, reason: string, message: string): void {
    if (this.#failure === `${container}: ${message}`) return;
    this.#failure = `${container}: ${message}`;
    this.#logger.warn(
      { object: this.object, node: this.#node, container, reason, reasonMessage: message },
      "container not started",
    );
  }

  /** Said again only when the reason is another one. */
  podFailed(reason: string, message: string): void {
    if (this.#failure === message) return;
    this.#failure = message;
    this.#logger.warn(
      { object: this.object, node: this.#node, reason, reasonMessage: message },
      "pod waits",
    );
  }

  status(status: PodStatus): void {
    this.initContainers(status);
    if (status.phase === "Running" && this.#said !== "Running") this.#info("pod running", {});
    this.#said = status.phase;
  }

  initContainers(status: PodStatus): void {
    for (const { name, state } of status.initContainerStatuses ?? []) {
      const exitCode = state?.terminated?.exitCode;
      const key = `${name}/${state?.terminated?.containerID}`;
      if (exitCode === undefined || this.#finishedInits.has(key)) continue;
      this.#finishedInits.add(key);
      this.#info("init container finished", { container: name, exitCode });
    }
  }

  stopped({ phase, reason }: PodStatus): void {
    this.#info("pod stopped", { phase, reason });
  }

  gone(): void {
    this.#info("pod removed", {});
  }

  #info(message: string, fields: object): void {
    this.#logger.info({ object: this.object, node: this.#node, ...fields }, message);
  }
}
