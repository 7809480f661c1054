// `coracle snapshot save`: downloads a snapshot from a running API server, and checks it while it arrives.
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { HttpsTransport } from "@coracle/shared/client/https-transport";
import { loadKubeconfig } from "@coracle/shared/client/kubeconfig";
import { SnapshotError } from "@coracle/shared/snapshot/snapshot-format";
import { readSnapshot, type SnapshotSummary } from "@coracle/shared/snapshot/snapshot-reader";
import { CliError } from "./cli-error.ts";
import { dataDirectory } from "./data-directory.ts";
import { sizeText } from "./snapshot-size.ts";

export interface SaveOptions {
  dataDir: string;
  kubeconfig?: string;
}

/** The API server's own (apiserver/src/handlers/snapshot.ts). */
const PATH = "/coracle/snapshot";
const IDLE_MS_MAX = 60_000;

/** `file` is there whole, or not at all. Returns what to tell the user. Throws CliError. */
export async function save(file: string, options: SaveOptions): Promise<string> {
  const partial = `${file}.partial`;
  try {
    const { revision, keys, bytes } = await download(partial, options);
    await rename(partial, file);
    return `saved ${keys} keys at revision ${revision}, ${sizeText(bytes)}, to ${file}`;
  } catch (error) {
    await rm(partial, { force: true });
    throw error instanceof CliError
      ? error
      : new CliError(`no snapshot was saved: ${reason(error)}`);
  }
}

async function download(path: string, options: SaveOptions): Promise<SnapshotSummary> {
  const { kubeconfig = dataDirectory(options.dataDir).kubeconfig } = options;
  if (!existsSync(kubeconfig)) {
    throw new CliError(
      `there is no ${kubeconfig}: name a running cluster with --data-dir or --kubeconfig`,
    );
  }
  const { server, ca, cert, key, token, insecureSkipTlsVerify } = loadKubeconfig(kubeconfig);
  const transport = new HttpsTransport(server, { ca, cert, key, insecureSkipTlsVerify });
  try {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const request = { method: "GET", path: PATH, headers, idleMsMax: IDLE_MS_MAX, streaming: true };
    const response = await transport.send(request);
    if (response.status !== 200) {
      const body = (await response.read()).toString().trim();
      throw new CliError(`${server} gives no snapshot: status ${response.status}: ${said(body)}`);
    }
    const target = await open(path, "w", 0o600); // it holds every Secret
    try {
      return await readSnapshot(written(response.chunks(), (bytes) => target.writeFile(bytes)));
    } finally {
      await target.sync();
      await target.close();
    }
  } finally {
    transport.close();
  }
}

/** The chunks, each once it is written. */
async function* written(
  chunks: AsyncIterable<Buffer>,
  write: (bytes: Buffer) => Promise<void>,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await write(chunk);
    yield chunk;
  }
}

/** The message of a Status, or the text itself. */
function said(body: string): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    return body;
  }
}

function reason(error: unknown): string {
  if (error instanceof SnapshotError) return `${error.message} (the API server broke it off?)`;
  return error instanceof Error ? error.message : String(error);
}
