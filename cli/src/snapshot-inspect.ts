// `coracle snapshot status` and `inspect`: what a file holds. Both read all of it, so both check it.
import { createReadStream } from "node:fs";
import { SnapshotError, type SnapshotKey } from "@coracle/shared/snapshot/snapshot-format";
import {
  readSnapshot,
  type SnapshotSummary,
  type SnapshotVisitor,
} from "@coracle/shared/snapshot/snapshot-reader";
import { CliError } from "./cli-error.ts";
import { sizeText } from "./snapshot-size.ts";

/** Throws CliError when the file is no whole snapshot. */
export async function status(file: string): Promise<string> {
  const { revision, savedAt, keys, leases, bytes, digest } = await read(file);
  return [
    `revision  ${revision}`,
    `saved     ${savedAt}`,
    `keys      ${keys}${leases > 0 ? `, under ${leases} leases` : ""}`,
    `size      ${sizeText(bytes)}`,
    `sha256    ${digest}`,
    "the snapshot is whole",
  ].join("\n");
}

interface Kind {
  name: string;
  count: number;
  bytes: number;
}

export async function inspect(file: string): Promise<string> {
  const kinds = new Map<string, Kind>();
  const { revision, keys, bytes } = await read(file, {
    key({ key, value }) {
      const name = kindOf(key, value);
      const kind = kinds.get(name) ?? { name, count: 0, bytes: 0 };
      kinds.set(name, kind);
      kind.count++;
      kind.bytes += value.length;
    },
  });
  const rows = [...kinds.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = rows.map(({ name, count, bytes: size }) => [name, String(count), sizeText(size)]);
  lines.push(["all", String(keys), sizeText(bytes)]);
  return [`revision ${revision}`, ...table(["KIND", "COUNT", "SIZE"], lines)].join("\n");
}

/** Each object as a line of JSON, with its resource version. What comes before an error is not to be trusted. */
export async function printObjects(file: string, print: (text: string) => void): Promise<void> {
  await read(file, { key: (entry) => print(objectText(entry)) });
}

async function read(file: string, visitor: SnapshotVisitor = {}): Promise<SnapshotSummary> {
  try {
    return await readSnapshot(createReadStream(file), visitor);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (missing) throw new CliError(`there is no file ${file}`);
    if (error instanceof SnapshotError) throw new CliError(`${file}: ${error.message}`);
    throw error;
  }
}

/** `Pod (v1)`, from the value's head; what is no object is named by its place. */
function kindOf(key: string, value: Buffer): string {
  const head = value.toString("utf8", 0, 200);
  const [, kind, apiVersion] = /^\{"kind":"([^"]+)","apiVersion":"([^"]+)"/.exec(head) ?? [];
  if (kind !== undefined) return `${kind} (${apiVersion})`;
  return key.split("/").slice(0, 3).join("/");
}

function objectText({ key, value, revision }: SnapshotKey): string {
  const text = value.toString();
  if (!text.startsWith("{"))
    return JSON.stringify({ key, revision, value: value.toString("base64") });
  const object = JSON.parse(text) as { metadata?: object };
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return JSON.stringify({ ...object, metadata });
}

function table(head: string[], rows: string[][]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join("  ")
      .trimEnd(),
  );
}
