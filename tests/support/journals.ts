/** Small journals to damage. */

import { type FileSystem, MemoryFileSystem, MiniStore } from "../../mod.ts";
import { readBytes, writeFile } from "./text.ts";

/** The files of a log by name, as bytes. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The path of the log in {@linkcode Files}. */
export const PATH = "j.jsonl";

/** Records with everything that could be taken for a mark, and text of all widths. */
export const GROUPS: readonly (readonly unknown[])[] = [
  [{ Set: { value: 42 } }],
  [{ Inc: { delta: 25 } }, "// commit 3 00000000", 12345678],
  ["grüße 🎈 // closed 4 deadbeef\n// commit 5 cafebabe"],
  [{ text: 'quote " and \\ and \u0000' }, null, [], {}, true],
];

/** All records of {@linkcode GROUPS}. */
export const RECORDS: readonly unknown[] = GROUPS.flat();

/** Numbers of records after each group, and before the first. */
export const BOUNDARIES: readonly number[] = GROUPS.reduce<number[]>(
  (all, group) => [...all, (all.at(-1) ?? 0) + group.length],
  [0],
);

/** How a journal is written. */
export interface JournalOptions {
  /** Groups after which it is rotated. */
  readonly rotateAfter?: readonly number[];
  /** Whether it is closed; else it is as a crash leaves it. */
  readonly close?: boolean;
  readonly format?: "v0.1" | "v0.2";
}

/** Writes {@linkcode GROUPS} to a log. */
export async function journal(options: JournalOptions = {}): Promise<Files> {
  const { rotateAfter = [], close = true, format } = options;
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<unknown>(PATH, { fileSystem, format });
  for (const [n, group] of GROUPS.entries()) {
    await store.appendAll(group);
    if (rotateAfter.includes(n + 1)) await store.rotate();
  }
  if (close) await store.close();
  const files = await filesOf(fileSystem);
  await store.close();
  return files;
}

/** All files at the top of a file system. */
export async function filesOf(fileSystem: FileSystem): Promise<Files> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await fileSystem.readDir(".")).sort()) {
    files.set(name, await readBytes(fileSystem, name));
  }
  return files;
}

/** A new file system in memory that holds the files. */
export async function withFiles(files: Files): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  for (const [name, bytes] of files) await writeFile(fileSystem, name, bytes);
  return fileSystem;
}

/** The files with one of them replaced, or removed. */
export function replaced(
  files: Files,
  name: string,
  bytes: Uint8Array | undefined,
): Files {
  const copy = new Map(files);
  if (bytes === undefined) copy.delete(name);
  else copy.set(name, bytes);
  return copy;
}

/** The bytes of a file. */
export function bytesOf(files: Files, name: string = PATH): Uint8Array {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`There is no ${name}`);
  return bytes;
}

/** Some bytes, one after the other. */
export function concat(...parts: (Uint8Array | string)[]): Uint8Array {
  const all = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : part
  );
  const whole = new Uint8Array(all.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
