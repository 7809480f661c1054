// What a kubelet needs of its machine besides the CRI: the files that it mounts into containers, and the logs that a runtime writes.

/** A file's bytes, or a function that makes them when it is first read (a token that nobody reads is never asked for). */
export type FileContent = Uint8Array | (() => Promise<Uint8Array>);

export interface LogEntry {
  /** RFC 3339 with nanoseconds. */
  timestamp: string;
  stream: "stdout" | "stderr";
  /** Without its line feed. */
  line: Uint8Array;
}

export interface Host {
  /** An empty directory; one that exists is kept as it is. */
  createDirectory(path: string): void;
  /** Makes the files below `directory` exactly these, as a configMap volume does on update. */
  replaceFiles(directory: string, files: ReadonlyMap<string, FileContent>): Promise<void>;
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** Removes everything at and below the path. */
  remove(path: string): void;
  /** The log so far in one batch, then, with `follow`, what comes until the container stops. Undefined: no such log. */
  readLog(
    path: string,
    options: { follow: boolean; signal: AbortSignal },
  ): AsyncIterable<readonly LogEntry[]> | undefined;
}
