// A file system of the interpreter seen through another: paths mapped, or writes refused. Everything else is handed on.
import {
  type BufferEncoding,
  type ByteString,
  type CpOptions,
  type FileContent,
  type FsStat,
  type IFileSystem,
  type MkdirOptions,
  type RmOptions,
  unsafeBytesFromLatin1,
} from "just-bash";

type Encoding = { encoding?: BufferEncoding } | BufferEncoding;

export class MappedFileSystem implements IFileSystem {
  protected readonly target: IFileSystem;

  constructor(target: IFileSystem) {
    this.target = target;
  }

  /** The path in the target. */
  protected map(path: string): string {
    return path;
  }

  /** Throws when `path` must not be changed. */
  protected checkWritable(_path: string, _call: string): void {}

  readFile(path: string, options?: Encoding): Promise<string> {
    return this.target.readFile(this.map(path), options);
  }

  async readFileBytes(path: string): Promise<ByteString> {
    const read = this.target.readFileBytes?.(this.map(path));
    if (read !== undefined) return read;
    const bytes = await this.target.readFileBuffer(this.map(path));
    return unsafeBytesFromLatin1(Buffer.from(bytes).toString("latin1"));
  }

  readFileBuffer(path: string): Promise<Uint8Array> {
    return this.target.readFileBuffer(this.map(path));
  }

  async writeFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    this.checkWritable(path, "open");
    await this.target.writeFile(this.map(path), content, options);
  }

  async appendFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    this.checkWritable(path, "open");
    await this.target.appendFile(this.map(path), content, options);
  }

  exists(path: string): Promise<boolean> {
    return this.target.exists(this.map(path));
  }

  stat(path: string): Promise<FsStat> {
    return this.target.stat(this.map(path));
  }

  lstat(path: string): Promise<FsStat> {
    return this.target.lstat(this.map(path));
  }

  async mkdir(path: string, options?: MkdirOptions): Promise<void> {
    this.checkWritable(path, "mkdir");
    await this.target.mkdir(this.map(path), options);
  }

  readdir(path: string): Promise<string[]> {
    return this.target.readdir(this.map(path));
  }

  async rm(path: string, options?: RmOptions): Promise<void> {
    this.checkWritable(path, "rm");
    await this.target.rm(this.map(path), options);
  }

  async cp(from: string, to: string, options?: CpOptions): Promise<void> {
    this.checkWritable(to, "cp");
    await this.target.cp(this.map(from), this.map(to), options);
  }

  async mv(from: string, to: string): Promise<void> {
    this.checkWritable(from, "rename");
    this.checkWritable(to, "rename");
    await this.target.mv(this.map(from), this.map(to));
  }

  resolvePath(directory: string, path: string): string {
    return this.target.resolvePath(directory, path);
  }

  getAllPaths(): string[] {
    return this.target.getAllPaths();
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.checkWritable(path, "chmod");
    await this.target.chmod(this.map(path), mode);
  }

  async symlink(to: string, path: string): Promise<void> {
    this.checkWritable(path, "symlink");
    await this.target.symlink(to, this.map(path));
  }

  async link(existing: string, path: string): Promise<void> {
    this.checkWritable(path, "link");
    await this.target.link(this.map(existing), this.map(path));
  }

  readlink(path: string): Promise<string> {
    return this.target.readlink(this.map(path));
  }

  realpath(path: string): Promise<string> {
    return this.target.realpath(this.map(path));
  }

  async utimes(path: string, accessed: Date, modified: Date): Promise<void> {
    this.checkWritable(path, "utime");
    await this.target.utimes(this.map(path), accessed, modified);
  }
}

/** One mount of a volume: a directory (or file) of it, read-only when the Pod says so. */
export class VolumeView extends MappedFileSystem {
  readonly #prefix: string;
  readonly #mount: { containerPath: string; readonly: boolean };

  /** `below`: path inside the volume, "" for all of it. */
  constructor(
    volume: IFileSystem,
    below: string,
    mount: { containerPath: string; readonly: boolean },
  ) {
    super(volume);
    this.#prefix = below === "" ? "" : `/${below}`;
    this.#mount = mount;
  }

  protected override map(path: string): string {
    if (this.#prefix === "") return path;
    return path === "/" ? this.#prefix : this.#prefix + path;
  }

  protected override checkWritable(path: string, call: string): void {
    if (!this.#mount.readonly) return;
    const shown = path === "/" ? this.#mount.containerPath : this.#mount.containerPath + path;
    throw new Error(`EROFS: read-only file system, ${call} '${shown}'`);
  }

  override getAllPaths(): string[] {
    if (this.#prefix === "") return this.target.getAllPaths();
    return this.target
      .getAllPaths()
      .filter((path) => path.startsWith(`${this.#prefix}/`))
      .map((path) => path.slice(this.#prefix.length));
  }

  override async realpath(path: string): Promise<string> {
    const real = await this.target.realpath(this.map(path));
    if (!real.startsWith(this.#prefix)) return real;
    return real.slice(this.#prefix.length) || "/";
  }
}

export const STDOUT = "/dev/.coracle-stdout";
export const STDERR = "/dev/.coracle-stderr";
const NULL = "/dev/null";

/** A process's view: what is written to its two streams goes out at once instead of into a file. */
export class ProcessFileSystem extends MappedFileSystem {
  readonly #write: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;

  constructor(
    container: IFileSystem,
    write: (stream: "stdout" | "stderr", chunk: Uint8Array) => void,
  ) {
    super(container);
    this.#write = write;
  }

  override async appendFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    const device = deviceOf(path);
    if (device === undefined) return this.target.appendFile(path, content, options);
    if (device !== "null") this.#write(device, bytesOf(content, options));
  }

  override writeFile(path: string, content: FileContent, options?: Encoding): Promise<void> {
    if (deviceOf(path) !== undefined) return this.appendFile(path, content, options);
    return this.target.writeFile(path, content, options);
  }

  override async exists(path: string): Promise<boolean> {
    return deviceOf(path) !== undefined || this.target.exists(path);
  }

  override async stat(path: string): Promise<FsStat> {
    return deviceOf(path) === undefined ? this.target.stat(path) : this.#deviceStat();
  }

  override async lstat(path: string): Promise<FsStat> {
    return deviceOf(path) === undefined ? this.target.lstat(path) : this.#deviceStat();
  }

  override async realpath(path: string): Promise<string> {
    return deviceOf(path) === undefined ? this.target.realpath(path) : path;
  }

  async #deviceStat(): Promise<FsStat> {
    const { mtime } = await this.target.stat("/");
    const size = 0;
    return { isFile: true, isDirectory: false, isSymbolicLink: false, mode: 0o666, size, mtime };
  }
}

function deviceOf(path: string): "stdout" | "stderr" | "null" | undefined {
  if (!path.startsWith("/dev/") && !path.startsWith("/proc/")) return undefined;
  switch (path) {
    case STDOUT:
    case "/dev/stdout":
    case "/proc/1/fd/1":
    case "/proc/self/fd/1":
      return "stdout";
    case STDERR:
    case "/dev/stderr":
    case "/proc/1/fd/2":
    case "/proc/self/fd/2":
      return "stderr";
    case NULL:
      return "null";
    default:
      return undefined;
  }
}

/** The interpreter hands text as `utf8`, bytes as latin1-shaped text (`binary`). */
function bytesOf(content: FileContent, options?: Encoding): Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = typeof options === "string" ? options : options?.encoding;
  return Buffer.from(content, encoding === "binary" || encoding === "latin1" ? "latin1" : "utf8");
}
