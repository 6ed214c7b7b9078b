/** Logs opened and read below the stores. */

import type { FileSystem } from "../../mod.ts";
import {
  type LogSettings,
  openForWriting,
  type WritableLog,
} from "../../src/wal/log.ts";
import { readLog } from "../../src/wal/reader.ts";
import type { LogSource } from "../../src/wal/segment_reader.ts";

/** Opens the log `a`. */
export function openLines(
  fileSystem: FileSystem,
  settings: Partial<LogSettings> = {},
  prepare?: () => Promise<void>,
): Promise<WritableLog> {
  const defaults = {
    maxSegmentBytes: Infinity,
    retain: Infinity,
    format: "v0.2",
    schema: 1,
  } as const;
  const log = { fileSystem, path: "a" };
  return openForWriting(log, { ...defaults, ...settings }, prepare);
}

/** A source that takes every record of the log `a`. */
export function linesOf(fileSystem: FileSystem): LogSource<unknown> {
  const check = (value: unknown) => value;
  return { fileSystem, path: "a", reading: { decode: JSON.parse, check } };
}

/** The records of the log `a`, each with its schema version. */
export async function withSchemas(
  source: LogSource<unknown>,
): Promise<[record: unknown, schema: number][]> {
  const all: [unknown, number][] = [];
  for await (const { records, schema } of readLog(source)) {
    for (const record of records) all.push([record, schema]);
  }
  return all;
}

/** Opens a log with a schema version, appends the version as a record, and closes it. */
export async function appendVersion(
  fileSystem: FileSystem,
  schema: number,
): Promise<void> {
  const { writer, close } = await openLines(fileSystem, { schema });
  try {
    await writer.append(`${schema}`);
  } finally {
    await close();
  }
}

/** Opens a log with a schema version, and closes it. */
export async function openAndClose(
  fileSystem: FileSystem,
  schema: number,
): Promise<void> {
  const { close } = await openLines(fileSystem, { schema });
  await close();
}
