/**
 * The npm package classic-level: LevelDB.
 *
 * @module
 */

import { join } from "node:path";
import type { AppenderPeer } from "./appender.ts";

/** The part of the package that is used here. */
interface Level {
  readonly ClassicLevel: new (directory: string) => {
    open(): Promise<void>;
    put(key: string, text: string, options: { sync: true }): Promise<void>;
    close(): Promise<void>;
  };
}

/** Puts that are synced before they resolve. */
export const classicLevel: AppenderPeer = {
  name: "classic-level sync: true",
  async open(directory) {
    // Not a literal: types are checked where the peers are not installed too.
    const specifier = "classic-level";
    const { ClassicLevel } = await import(specifier) as Level;
    const db = new ClassicLevel(join(directory, "level"));
    await db.open();
    let key = 0;
    return {
      append: (record) =>
        db.put(
          String(key++).padStart(12, "0"),
          JSON.stringify(record),
          { sync: true },
        ),
      close: () => db.close(),
    };
  },
};
