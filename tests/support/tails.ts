/** A log that is followed, with what was handed out so far. */

import type { FileSystem } from "../../mod.ts";
import type { LogSource } from "../../src/wal/segment_reader.ts";
import { LogTail } from "../../src/wal/tail.ts";

/** A tail with what it has handed out. */
export interface Following {
  readonly tail: LogTail<unknown>;
  /** All records, with their sequence numbers. */
  readonly seen: [sequence: number, record: unknown][];
  /** Reads on; gives the records that are new. */
  poll(): Promise<unknown[]>;
}

/** Follows a log; by default every record is taken. */
export function following(
  fileSystem: FileSystem,
  from = 1,
  path = "a",
  source: Partial<LogSource<unknown>> = {},
): Following {
  const reading = {
    decode: JSON.parse,
    check: (value: unknown) => value,
  };
  const tail = new LogTail({ fileSystem, path, reading, ...source }, from);
  const seen: [number, unknown][] = [];
  const poll = async () => {
    const fresh: unknown[] = [];
    for await (const { first, records } of tail.read()) {
      records.forEach((record, n) => seen.push([first + n, record]));
      fresh.push(...records);
    }
    return fresh;
  };
  return { tail, seen, poll };
}

/** Adds text to a file, as another program would. */
export async function append(
  fileSystem: FileSystem,
  path: string,
  text: string,
): Promise<void> {
  const file = await fileSystem.open(path, { mode: "write" });
  await file.write(new TextEncoder().encode(text), await file.size());
  await file.close();
}
