// Opens the directory of a store: who holds it, whether all of it is there, whether this version understands it. Everything is
// refused in words that say what to do, before anything is written.
//   <directory>/level/   LevelDB's files
//   <directory>/holder   who has it open, for the message of the one who comes second
//   <directory>/floor    a revision that the store had certainly reached; less than that means that files are missing
import { mkdir, open, readdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { StorageOpenError } from "../storage.ts";

/** In Node a `level` is a classic-level, which has one thing more. */
export type Database = Level<string, Buffer> & {
  compactRange(start: string, end: string): Promise<void>;
};

export type Row = { type: "put"; key: string; value: Buffer } | { type: "del"; key: string };

/** `tuning`: for tests. */
export async function openDatabase(
  directory: string,
  holder: string,
  tuning: { writeBufferSize?: number } = {},
): Promise<Database> {
  const location = join(directory, "level");
  await mkdir(location, { recursive: true });
  refuseIncomplete(location, await readdir(location));
  const database = new Level<string, Buffer>(location, {
    keyEncoding: "utf8",
    valueEncoding: "buffer",
    writeBufferSize: 16 << 20,
    maxFileSize: 8 << 20,
    ...tuning,
  }) as Database;
  try {
    await database.open();
  } catch (error) {
    throw await explain(error, directory);
  }
  await writeDurably(join(directory, "holder"), holder);
  return database;
}

/** LevelDB would take a directory without CURRENT for a new one and delete the rest, and does not miss a lost write-ahead log. */
function refuseIncomplete(location: string, names: readonly string[]): void {
  const hasCurrent = names.includes("CURRENT");
  const hasLog = names.some((name) => name.endsWith(".log"));
  const hasTables = names.some((name) => name.endsWith(".ldb") || name.endsWith(".sst"));
  let missing: string | undefined;
  if (!hasCurrent && (hasLog || hasTables)) missing = "CURRENT";
  else if (hasCurrent && !hasLog) missing = "its write-ahead log (*.log)";
  else if (hasCurrent && !names.some((name) => name.startsWith("MANIFEST-"))) {
    missing = "its MANIFEST";
  }
  if (missing === undefined) return;
  throw new StorageOpenError(
    "corrupt",
    `the store in ${location} is incomplete: ${missing} is missing. It looks like a partial copy: copy the whole directory while no server runs on it, or restore a snapshot`,
  );
}

async function explain(error: unknown, directory: string): Promise<Error> {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: string }).code;
  const said = cause instanceof Error ? cause.message : String(cause);
  if (code === "LEVEL_LOCKED") {
    const holder = await readOptional(join(directory, "holder"));
    return new StorageOpenError(
      "locked",
      `the store in ${directory} is in use by ${holder ?? "another process"}: stop it first, or choose another directory (LEVEL_LOCKED)`,
      cause,
    );
  }
  if (code === "LEVEL_CORRUPTION" || /does not exist|missing|corrupt/i.test(said)) {
    return new StorageOpenError(
      "corrupt",
      `the store in ${directory} is damaged or incomplete: ${said}. Restore a snapshot, or move the directory away to start empty`,
      cause,
    );
  }
  return error instanceof Error ? error : new Error(said);
}

/** All rows or none. Row by row into a chained batch, which costs half of what an array of operations does. */
export async function writeRows(
  database: Database,
  rows: readonly Row[],
  sync: boolean,
): Promise<void> {
  const batch = database.batch();
  for (const row of rows) {
    if (row.type === "put") batch.put(row.key, row.value);
    else batch.del(row.key);
  }
  await batch.write({ sync });
}

/** 0 if none was written yet. */
export async function readFloor(directory: string): Promise<number> {
  const text = await readOptional(join(directory, "floor"));
  const floor = Number(text ?? 0);
  return Number.isSafeInteger(floor) ? floor : 0;
}

export function writeFloor(directory: string, revision: number): Promise<void> {
  return writeDurably(join(directory, "floor"), String(revision));
}

export async function diskBytes(directory: string): Promise<number> {
  const location = join(directory, "level");
  let bytes = 0;
  for (const name of await readdir(location)) {
    try {
      bytes += (await stat(join(location, name))).size;
    } catch (error) {
      // LevelDB deletes files as it goes.
      if ((error as { code?: string }).code !== "ENOENT") throw error;
    }
  }
  return bytes;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Replaces the file whole: a crash leaves the old or the new content. */
async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(`${path}.new`, "w");
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
