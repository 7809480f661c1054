// The "machine" of simulated nodes: directories that the kubelet fills and containers mount, and the containers' logs, all in memory.
// A directory holds plain files until a shell needs it; only then does it become a file system of the interpreter.
import type { InMemoryFs } from "just-bash";
import type { FileContent, Host, LogEntry } from "../host.ts";
import type { LogRing } from "./log-ring.ts";

export class Directory {
  #files = new Map<string, FileContent>();
  #fileSystem: InMemoryFs | undefined;

  /** `make` builds the interpreter's file system; from then on that one is the truth. */
  fileSystem(make: () => InMemoryFs): InMemoryFs {
    if (this.#fileSystem === undefined) {
      this.#fileSystem = make();
      for (const [path, content] of this.#files) this.#put(this.#fileSystem, path, content);
    }
    return this.#fileSystem;
  }

  async replaceFiles(files: ReadonlyMap<string, FileContent>): Promise<void> {
    const gone = [...this.#files.keys()].filter((path) => !files.has(path));
    this.#files = new Map(files);
    if (this.#fileSystem === undefined) return;
    for (const path of gone) await this.#fileSystem.rm(`/${path}`, { force: true });
    for (const [path, content] of files) this.#put(this.#fileSystem, path, content);
  }

  async readFile(path: string): Promise<Uint8Array | undefined> {
    if (this.#fileSystem !== undefined) {
      const absolute = `/${path}`;
      if (!(await this.#fileSystem.exists(absolute))) return undefined;
      return this.#fileSystem.readFileBuffer(absolute);
    }
    const content = this.#files.get(path);
    return typeof content === "function" ? content() : content;
  }

  #put(fileSystem: InMemoryFs, path: string, content: FileContent): void {
    const absolute = `/${path}`;
    if (typeof content === "function") fileSystem.writeFileLazy(absolute, content);
    else fileSystem.writeFileSync(absolute, content);
  }
}

export class MemoryHost implements Host {
  readonly #directories = new Map<string, Directory>();
  readonly #logs = new Map<string, LogRing>();

  createDirectory(path: string): void {
    if (!this.#directories.has(path)) this.#directories.set(path, new Directory());
  }

  async replaceFiles(directory: string, files: ReadonlyMap<string, FileContent>): Promise<void> {
    this.createDirectory(directory);
    await this.#directories.get(directory)?.replaceFiles(files);
  }

  async readFile(path: string): Promise<Uint8Array | undefined> {
    const found = this.locate(path);
    return found?.directory.readFile(found.below);
  }

  remove(path: string): void {
    for (const directory of [...this.#directories.keys()]) {
      if (directory === path || directory.startsWith(`${path}/`)) {
        this.#directories.delete(directory);
      }
    }
  }

  /** The directory that holds a host path, and the rest of the path below it ("" for the directory itself). */
  locate(path: string): { directory: Directory; below: string } | undefined {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const directory = this.#directories.get(path.slice(0, end));
      if (directory !== undefined) return { directory, below: path.slice(end + 1) };
    }
    return undefined;
  }

  addLog(path: string, log: LogRing): void {
    this.#logs.set(path, log);
  }

  readLog(
    path: string,
    options: { follow: boolean; signal: AbortSignal },
  ): AsyncIterable<readonly LogEntry[]> | undefined {
    return this.#logs.get(path)?.read(options);
  }

  removeLog(path: string): void {
    this.#logs.delete(path);
  }
}
