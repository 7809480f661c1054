// One simulated container: its state, its process, its log, and the file system that its processes share.
import type { Clock } from "@coracle/shared/runtime/clock";
import type { IFileSystem } from "just-bash";
import { Pipe } from "../byte-pipe.ts";
import type {
  ContainerConfig,
  ContainerState,
  ContainerStatus,
  ProcessStreams,
} from "../runtime.ts";
import type { CatalogImage } from "./image-catalog.ts";
import { LogRing } from "./log-ring.ts";
import type { MemoryHost } from "./memory-host.ts";
import { Process, startOwnProgram } from "./process.ts";

export interface SandboxFacts {
  id: string;
  uid: string;
  hostname: string;
  ip: string;
  logDirectory: string;
}

type Write = (stream: "stdout" | "stderr", chunk: Uint8Array) => void;

export class SimulatedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxFacts;
  readonly image: CatalogImage;
  readonly createdAt: number;
  state: ContainerState = "CONTAINER_CREATED";
  startedAt = 0;
  finishedAt = 0;
  exitCode = 0;
  reason = "";
  message = "";
  process: Process | undefined;
  /** What attached clients and the log get. */
  readonly #listeners = new Set<Write>();
  readonly #clock: Clock;
  readonly #host: MemoryHost;
  #log: LogRing | undefined;
  #stdin: Pipe<Uint8Array> | undefined;
  #files: Promise<IFileSystem> | undefined;

  constructor(
    identity: { id: string; sandbox: SandboxFacts; config: ContainerConfig; image: CatalogImage },
    machine: { clock: Clock; host: MemoryHost },
  ) {
    this.id = identity.id;
    this.sandbox = identity.sandbox;
    this.config = identity.config;
    this.image = identity.image;
    this.#clock = machine.clock;
    this.#host = machine.host;
    this.createdAt = machine.clock.now();
    if (this.config.stdin) this.#stdin = new Pipe();
  }

  get logPath(): string {
    return `${this.sandbox.logDirectory}/${this.config.logPath}`;
  }

  /** The command line; empty for the image's own program. */
  get argv(): readonly string[] {
    const { command, args } = this.config;
    if (command.length > 0) return [...command, ...args];
    if (this.image.isShellImage && args.length > 0) return args;
    // A shell image on a terminal is there to be typed into; otherwise it just runs, as every other image.
    return this.image.isShellImage && this.config.stdin ? (this.image.command ?? ["sh"]) : [];
  }

  get env(): Record<string, string> {
    return Object.fromEntries(this.config.envs.map(({ key, value }) => [key, value]));
  }

  get stdin(): Pipe<Uint8Array> | undefined {
    return this.#stdin;
  }

  /** Made when a process first needs it; nothing that just runs does. */
  files(): Promise<IFileSystem> {
    this.#files ??= import("./container-files.ts").then(({ containerFiles }) =>
      containerFiles({
        hostname: this.sandbox.hostname,
        ip: this.sandbox.ip,
        imageFiles: this.image.files ?? {},
        mounts: this.config.mounts,
        host: this.#host,
      }),
    );
    return this.#files;
  }

  readonly write: Write = (stream, chunk) => {
    if (this.#log === undefined) {
      this.#log = new LogRing(this.#clock);
      this.#host.addLog(this.logPath, this.#log);
    }
    this.#log.write(stream, chunk);
    for (const listener of this.#listeners) listener(stream, chunk);
  };

  /** `run` starts a command of the shell interpreter in the process. */
  start(run: (process: Process) => void, onExit: () => void): void {
    const process = new Process();
    this.process = process;
    this.state = "CONTAINER_RUNNING";
    this.startedAt = this.#clock.now();
    if (this.#log === undefined) {
      this.#log = new LogRing(this.#clock);
      this.#host.addLog(this.logPath, this.#log);
    }
    void process.exited.then((code) => {
      this.finish(code, code === 0 ? "Completed" : "Error", "");
      onExit();
    });
    if (this.argv.length === 0) startOwnProgram(process, this.image, this, this.#clock);
    else run(process);
  }

  finish(exitCode: number, reason: string, message: string): void {
    this.state = "CONTAINER_EXITED";
    this.finishedAt = this.#clock.now();
    this.exitCode = exitCode;
    this.reason = reason;
    this.message = message;
    this.#stdin?.end();
    this.#log?.close();
    this.#listeners.clear();
  }

  /** Resolves when the process has ended or the client has gone. */
  async attach(streams: ProcessStreams): Promise<void> {
    const { process } = this;
    if (process === undefined || process.exitCode !== undefined) return;
    const listener: Write = (stream, chunk) => streams[stream]?.(chunk);
    this.#listeners.add(listener);
    if (streams.stdin !== undefined) void this.#feed(streams.stdin);
    const gone = new Promise<void>((resolve) => {
      streams.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([process.exited, gone]);
    this.#listeners.delete(listener);
  }

  async #feed(input: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of input) this.#stdin?.push(chunk);
    if (this.config.stdinOnce) this.#stdin?.end();
  }

  status(): ContainerStatus {
    return {
      id: this.id,
      podSandboxId: this.sandbox.id,
      metadata: this.config.metadata,
      image: this.config.image,
      imageRef: this.config.imageRef,
      state: this.state,
      createdAt: this.createdAt,
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      exitCode: this.exitCode,
      reason: this.reason,
      message: this.message,
      labels: this.config.labels,
      annotations: this.config.annotations,
      mounts: this.config.mounts,
      logPath: this.logPath,
    };
  }
}
