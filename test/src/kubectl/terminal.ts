// What a case types and expects to read: kubectl in a namespace and a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { Client } from "@coracle/shared/client/client";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { Kubectl, Outcome } from "../harness/kubectl.ts";
import { splitWords } from "../harness/kubectl.ts";

export type Expected = string | RegExp;

export interface TerminalOptions {
  kubectl: Kubectl;
  kubeconfig: string;
  client: Client;
  namespace: string;
  /** Of files and of kubectl's cache. */
  directory: string;
  home: string;
  /** How long `soon…` waits. */
  patienceMs: number;
  /** Lends a node that nothing else is placed on (its Pods tolerate every taint) until the case ends. */
  borrowNode(): Promise<string>;
  /** Called with all that was printed. */
  onCommand?(command: string, outcome: Outcome): void;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
  /** Default 0, of `fails` 1. */
  code?: number;
}

const COMMAND_MS_MAX = 60_000;
const POLL_MS = 100;

/**
 * What it may say by chance: kubectl 1.30 may read a connection before it has all its streams, so that the first message, which is empty,
 * is one too many; and the custom kinds of other cases come and go.
 */
const CHANCE =
  /^E.* (websocket\.go:\d+\] Unknown stream id 1, discarding message|memcache\.go:\d+\] couldn't get resource list for \S+\.example\.com\/.*)\n/gm;

/** A command that still runs. */
export interface Running {
  stdout(): string;
  stderr(): string;
  /** Resolves when what it printed matches; rejects when that takes too long. */
  prints(expected: RegExp): Promise<RegExpMatchArray>;
  type(text: string): void;
  closeInput(): void;
  /** Ctrl-C, then its end. */
  interrupt(): Promise<Outcome>;
  end(): Promise<Outcome>;
}

export class Terminal {
  readonly namespace: string;
  readonly client: Client;
  readonly directory: string;
  readonly version: string;
  /** 33 of v1.33.1 */
  readonly minor: number;
  readonly #options: TerminalOptions;
  readonly #cleanups: (() => void | Promise<void>)[] = [];

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.namespace = options.namespace;
    this.client = options.client;
    this.directory = options.directory;
    this.version = options.kubectl.version;
    this.minor = minorOf(options.kubectl);
    mkdirSync(options.directory, { recursive: true });
  }

  /** For an object that is in no namespace: a name that no other case uses. */
  get name(): string {
    return this.namespace;
  }

  get kubeconfig(): string {
    return this.#options.kubeconfig;
  }

  /** Writes a file of the folder in which commands run. */
  write(file: string, content: string | object): void {
    const path = join(this.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  }

  /** Writes an executable script and returns its path. */
  script(file: string, content: string): string {
    const path = join(this.directory, file);
    writeFileSync(path, `#!/bin/sh\n${content}\n`, { mode: 0o755 });
    return path;
  }

  start(command: string, options: RunOptions = {}): Running {
    return this.#follow(command, this.#spawn(splitWords(command), options), options);
  }

  async run(command: string, options: RunOptions = {}): Promise<Outcome> {
    const running = this.start(command, options);
    running.closeInput();
    const outcome = await running.end();
    this.#options.onCommand?.(command, outcome);
    return outcome;
  }

  /** What it prints when it succeeds. */
  async ok(command: string, options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(command, options);
    if (outcome.code !== (options.code ?? 0)) throw new Mismatch(command, outcome, "exit code 0");
    return outcome.stdout;
  }

  /** It succeeds, prints this, and nothing on standard error. */
  async says(command: string, expected: Expected, options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(command, options);
    const isAsExpected = outcome.code === (options.code ?? 0) && matches(outcome.stdout, expected);
    if (!isAsExpected || outcome.stderr !== "") throw new Mismatch(command, outcome, expected);
    return outcome.stdout;
  }

  /** It succeeds with this on standard error; standard output does not matter. */
  async warns(command: string, expected: Expected, options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(command, options);
    const isAsExpected = outcome.code === (options.code ?? 0) && matches(outcome.stderr, expected);
    if (!isAsExpected) throw new Mismatch(command, outcome, expected);
    return outcome.stdout;
  }

  /** It fails and says why. */
  async fails(command: string, expected: Expected, options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(command, options);
    const isAsExpected = outcome.code === (options.code ?? 1) && matches(outcome.stderr, expected);
    if (!isAsExpected) throw new Mismatch(command, outcome, expected);
    return outcome.stdout;
  }

  /** `says`, repeated until it is so. */
  soonSays(command: string, expected: Expected, options: RunOptions = {}): Promise<string> {
    return this.soon(() => this.says(command, expected, options));
  }

  /** Repeated until it does not throw. */
  async soon<T>(check: () => Promise<T>): Promise<T> {
    const until = systemClock.monotonic() + this.#options.patienceMs;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (systemClock.monotonic() > until) throw error;
      }
      await systemClock.sleep(POLL_MS);
    }
  }

  /** `30s`: for --timeout. */
  get patience(): string {
    return `${Math.ceil(this.#options.patienceMs / 1000)}s`;
  }

  async object<T = Record<string, unknown>>(what: string): Promise<T> {
    return JSON.parse(await this.ok(`get ${what} -o json`)) as T;
  }

  borrowNode(): Promise<string> {
    return this.#options.borrowNode();
  }

  /** Serves files over HTTP on loopback: `http://127.0.0.1:1234`. */
  async serve(files: Record<string, string>): Promise<string> {
    const server = createServer((request, response) => {
      const content = files[request.url ?? ""];
      response.writeHead(content === undefined ? 404 : 200).end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#cleanups.push(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Ends what is left. */
  async close(): Promise<void> {
    for (const cleanup of this.#cleanups) await cleanup();
  }

  #spawn(args: readonly string[], { env }: RunOptions): ChildProcess {
    const { kubectl, kubeconfig, home } = this.#options;
    const all = args[0] === "config" ? args : ["-n", this.namespace, ...args];
    const inherited = { ...process.env, HOME: home, KUBECONFIG: kubeconfig };
    const child = spawn(kubectl.path, all, {
      cwd: this.directory,
      env: { ...inherited, ...env },
      timeout: COMMAND_MS_MAX,
    });
    this.#cleanups.push(() => void child.kill("SIGKILL"));
    return child;
  }

  #follow(command: string, child: ChildProcess, { input }: RunOptions): Running {
    const outcome: Outcome = { code: -1, stdout: "", stderr: "" };
    child.stdout?.on("data", (chunk: Buffer) => (outcome.stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (outcome.stderr += chunk.toString()));
    child.stdin?.on("error", () => {}); // it may end before it has read all
    if (input !== undefined) child.stdin?.write(input);
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        outcome.stderr = outcome.stderr.replace(CHANCE, "");
        resolve(Object.assign(outcome, { code: code ?? -1 }));
      });
    });
    ended.catch(() => {}); // seen by who waits
    return {
      stdout: () => outcome.stdout,
      stderr: () => outcome.stderr,
      prints: (expected) =>
        this.soon(async () => {
          const found = expected.exec(outcome.stdout + outcome.stderr);
          if (found === null) throw new Mismatch(command, outcome, expected);
          return found;
        }),
      type: (text) => void child.stdin?.write(text),
      closeInput: () => void child.stdin?.end(),
      interrupt: async () => {
        child.kill("SIGINT");
        const result = await ended;
        this.#options.onCommand?.(command, result);
        return result;
      },
      end: () => ended,
    };
  }
}

export const minorOf = ({ version }: Kubectl): number =>
  Number(/^v1\.(\d+)\./.exec(version)?.[1] ?? Number.NaN);

const matches = (text: string, expected: Expected): boolean =>
  typeof expected === "string" ? text === expected : expected.test(text);

class Mismatch extends Error {
  constructor(command: string, { code, stdout, stderr }: Outcome, expected: Expected) {
    const said = [stdout && `stdout:\n${stdout}`, stderr && `stderr:\n${stderr}`].filter(Boolean);
    super(
      `kubectl ${command}\nexpected: ${String(expected)}\ngot exit code ${code}\n${said.join("\n")}`,
    );
  }
}
