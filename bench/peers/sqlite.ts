/**
 * The runtimes' own SQLite: a table with a row of text for each record, in WAL
 * mode, synced at every commit.
 *
 * @module
 */

import type { Sample } from "../sample.ts";

/** Which module SQLite comes from. */
export type SqliteModule = "node:sqlite" | "bun:sqlite";

/** What both modules have in common, as far as it is used here. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(text: string): unknown;
    all(): readonly unknown[];
  };
  close(): void;
}

interface Modules {
  readonly DatabaseSync?: new (path: string) => Database;
  readonly Database?: new (path: string) => Database;
}

/** A log in a table. */
export interface SqliteLog {
  /** Inserts a record, in a transaction of its own. */
  append(record: Sample): void;
  /** Inserts many records in one transaction. */
  appendAll(records: Iterable<Sample>): void;
  /** Reads all records. */
  replay(): unknown[];
  /** Lets go of the files. */
  close(): void;
}

/** Opens a fresh database; rejects where the runtime does not have the module. */
export async function openSqlite(
  module: SqliteModule,
  path: string,
): Promise<SqliteLog> {
  const { DatabaseSync, Database = DatabaseSync } = await import(
    module
  ) as Modules;
  if (Database === undefined) throw new Error("it has another interface");
  const db = new Database(path);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE log (sequence INTEGER PRIMARY KEY, text TEXT)");
  const insert = db.prepare("INSERT INTO log (text) VALUES (?)");
  const select = db.prepare("SELECT text FROM log ORDER BY sequence");
  const append = (record: Sample) => {
    insert.run(JSON.stringify(record));
  };
  return {
    append,
    appendAll(records) {
      db.exec("BEGIN");
      for (const record of records) append(record);
      db.exec("COMMIT");
    },
    replay: () =>
      (select.all() as { text: string }[]).map(({ text }) => JSON.parse(text)),
    close: () => db.close(),
  };
}
