// The format of a store directory: a new one gets the present one, one of an older version is migrated, any other is refused.
//
// A migration is a step from one format to a later one. The steps run one after the other while the store is being opened, under its
// lock, before anything else reads it. What they write is synced, batch by batch; the format record changes last, after that, in a
// synced write of its own. So a migration that died (kill -9, power) leaves the old format in the record, and runs again from its
// beginning at the next opening, over whatever it had done: each has to tell the records that it has changed from those that it has
// not, and to end in the same state. There is no way back to an older format but a snapshot.
import { type Logger, silentLogger } from "@coracle/shared/runtime/logger";
import { StorageOpenError } from "../storage.ts";
import { type Database, type Row, writeRows } from "./open-directory.ts";
import { FORMAT, FORMAT_KEY } from "./record.ts";
import { sealValues } from "./seal-values.ts";

export interface MigrationStep {
  /** For all that the migration writes: synced, all rows or none. */
  write(rows: readonly Row[]): Promise<void>;
  /** For what cannot be migrated, as it is damaged: throws a StorageOpenError. */
  refuse(detail: string): never;
}

export interface Migration {
  from: number;
  to: number;
  migrate(database: Database, step: MigrationStep): Promise<void>;
}

export interface FormatOptions {
  logger?: Logger;
  /** In the order of `from`. For tests, with `format`: the present one. */
  migrations?: readonly Migration[];
  format?: number;
}

const MIGRATIONS: readonly Migration[] = [{ from: 1, to: 2, migrate: sealValues }];

/** Errors: StorageOpenError (format, corrupt), and what the disk says. */
export async function ensureFormat(
  database: Database,
  directory: string,
  { logger = silentLogger, migrations = MIGRATIONS, format = FORMAT }: FormatOptions,
): Promise<void> {
  const stored = await storedFormat(database, directory);
  if (stored === undefined) {
    await writeFormat(database, format);
    return;
  }
  const path = pathBetween(stored, format, migrations);
  if (path === undefined) throw refusal(directory, stored, format, migrations);
  for (const { from, to, migrate } of path) {
    logger.info({ directory, from, to }, "migrating the store");
    let rows = 0;
    await migrate(database, {
      async write(batch) {
        await writeRows(database, batch, true);
        rows += batch.length;
      },
      refuse(detail) {
        throw damaged(directory, detail);
      },
    });
    await writeFormat(database, to);
    logger.info({ directory, from, to, rows }, "the store is migrated");
  }
}

/** undefined = there is nothing yet. */
async function storedFormat(database: Database, directory: string): Promise<number | undefined> {
  const stored = await database.get(FORMAT_KEY);
  if (stored !== undefined) return (JSON.parse(stored.toString()) as { format: number }).format;
  const first = await database.keys({ limit: 1 }).all();
  if (first.length === 0) return undefined;
  throw new StorageOpenError(
    "format",
    `${directory} holds a LevelDB database, but not one of this server: it has no format record. Choose another directory`,
  );
}

function writeFormat(database: Database, format: number): Promise<void> {
  const value = Buffer.from(JSON.stringify({ format }));
  return writeRows(database, [{ type: "put", key: FORMAT_KEY, value }], true);
}

/** undefined = there is none. */
function pathBetween(
  stored: number,
  wanted: number,
  migrations: readonly Migration[],
): Migration[] | undefined {
  const path: Migration[] = [];
  for (let at = stored; at !== wanted; ) {
    const next = migrations.find(({ from, to }) => from === at && to > at && to <= wanted);
    if (next === undefined) return undefined;
    path.push(next);
    at = next.to;
  }
  return path;
}

function damaged(directory: string, detail: string): StorageOpenError {
  return new StorageOpenError(
    "corrupt",
    `the store in ${directory} is damaged or incomplete: ${detail}. Restore a snapshot, or move the directory away to start empty`,
  );
}

function refusal(
  directory: string,
  stored: number,
  format: number,
  migrations: readonly Migration[],
): StorageOpenError {
  const older = migrations.map(({ from }) => from);
  const also = older.length === 0 ? "" : `, and migrates format ${older.join(", ")}`;
  return new StorageOpenError(
    "format",
    `the store in ${directory} has format ${stored}; this version reads and writes format ${format}${also}. Use the version that wrote it, or a newer one`,
  );
}
