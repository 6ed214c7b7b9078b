/**
 * The runtimes' own SQLite: a table with a row for each entry, in WAL mode,
 * synced at every commit.
 *
 * @module
 */

import { join } from "node:path";
import type { Put } from "../entries.ts";
import type { KeyedPeer } from "./keyed.ts";
import type { SqliteModule } from "./sqlite.ts";

/** What both modules have in common, as far as it is used here. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: readonly (string | number)[]): unknown;
    get(...values: readonly (string | number)[]): unknown;
  };
  close(): void;
}

interface Modules {
  readonly DatabaseSync?: new (path: string) => Database;
  readonly Database?: new (path: string) => Database;
}

/** An upsert for each change, in a transaction of its own: its calls block, so that no two of them share one. */
export function sqliteKeyed(module: SqliteModule): KeyedPeer {
  return {
    writes: `${module} upsert, WAL, FULL`,
    reads: `${module} select by key`,
    async open(directory, entries) {
      const { DatabaseSync, Database = DatabaseSync } = await import(
        module
      ) as Modules;
      if (Database === undefined) throw new Error("it has another interface");
      const db = new Database(join(directory, "state.sqlite3"));
      db.exec("PRAGMA journal_mode = WAL");
      db.exec("PRAGMA synchronous = FULL");
      db.exec(
        "CREATE TABLE entries (key TEXT PRIMARY KEY, n INTEGER, text TEXT) WITHOUT ROWID",
      );
      const upsert = db.prepare(
        "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET n = excluded.n, text = excluded.text",
      );
      const select = db.prepare("SELECT n FROM entries WHERE key = ?");
      const put = ({ put: { key, n, text } }: Put) => upsert.run(key, n, text);
      db.exec("BEGIN");
      for (const change of entries) put(change);
      db.exec("COMMIT");
      return {
        put: (change) => Promise.resolve(put(change)),
        get: (key) => (select.get(key) as { n: number }).n,
        close: () => Promise.resolve(db.close()),
      };
    },
  };
}
