// What the checks do with journals, and how they compare.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { MiniStore, type MiniStoreOptions, type Recovery } from "../../mod.ts";
import type { Op } from "./ops.ts";
import { rust } from "./programs.ts";

/** Appends records one by one. */
export async function append(
  path: string,
  records: readonly Op[],
  options: MiniStoreOptions<Op> = {},
): Promise<Recovery> {
  const store = await MiniStore.open<Op>(path, options);
  const before = store.sequence;
  for (const [n, record] of records.entries()) {
    equal(await store.append(record), before + n + 1, "a sequence number");
  }
  await store.close();
  return store.recovery;
}

/** Checks what this side reads, in every way it can. */
export async function expectRead(
  path: string,
  records: readonly Op[],
): Promise<void> {
  equalRecords(await MiniStore.replay(path), records);
  const streamed: unknown[] = [];
  for await (const { sequence, record } of MiniStore.stream(path)) {
    streamed.push(record);
    equal(sequence, streamed.length, "a sequence number");
  }
  equalRecords(streamed, records);
  const report = await MiniStore.verify(path);
  if (report.damage) throw report.damage;
  equal(report.ok, true, "verify");
  equal(report.records, records.length, "the records that verify counts");
  equal(report.torn, undefined, "the torn tail that verify finds");
}

/** Checks what Rust reads. */
export function expectRust(path: string, records: readonly Op[]): void {
  const lines = rust("replay", path);
  equalRecords(lines.map((line) => JSON.parse(line)), records);
}

/**
 * Checks that the files of mini-rs lie behind the newest one as they were: that
 * which was the newest has the next number now.
 */
export function expectSealed(
  path: string,
  before: ReadonlyMap<string, Uint8Array>,
): void {
  const sealed = new Map(before);
  const base = basename(path);
  const newest = sealed.get(base);
  sealed.delete(base);
  if (newest !== undefined && newest.length > 0) {
    const last = [...sealed.keys()].at(-1) ?? "0";
    const number = Number(last.slice(last.lastIndexOf(".") + 1)) + 1;
    sealed.set(`${base}.${String(number).padStart(6, "0")}`, newest);
  }
  const after = [...files(path)].slice(0, sealed.size);
  equalFiles(new Map(after), sealed);
}

/** Checks that Rust reads nothing at all of a journal. */
export function refuses(path: string): void {
  try {
    rust("replay", path);
  } catch (error) {
    equal(/Deserialize|InvalidData/.test(String(error)), true, `${error}`);
    return;
  }
  throw new Error(`Rust reads "${path}", which it must refuse`);
}

/** Compares a journal with the one Rust writes with the same arguments. */
export function equalToRust(path: string, ...args: readonly number[]): void {
  const folder = join(dirname(path), "rust");
  const other = join(folder, basename(path));
  rust("write", other, ...args);
  equalFiles(files(path), files(other));
}

/** The names of a journal's files, sealed ones first. */
export function names(path: string): string[] {
  const base = basename(path);
  const isSealed = (name: string) =>
    name.startsWith(`${base}.`) && /^\d+$/.test(name.slice(base.length + 1));
  const all = readdirSync(dirname(path)).sort();
  return [...all.filter(isSealed), ...all.filter((name) => name === base)];
}

/** A journal's files by name, sealed ones first. */
export function files(path: string): Map<string, Uint8Array> {
  const folder = dirname(path);
  return new Map(
    names(path).map((name) => [name, readFileSync(join(folder, name))]),
  );
}

/** Checks that two values are the same, -0 and 0 told apart. */
export function equal(actual: unknown, expected: unknown, what = "it"): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: ${short(actual)} is not ${short(expected)}`);
}

/** One by one, because a difference in a long list says nothing. */
export function equalRecords(
  actual: readonly unknown[],
  expected: readonly unknown[],
): void {
  for (const [n, record] of expected.entries()) {
    equal(actual[n], record, `record ${n + 1}`);
  }
  equal(actual.length, expected.length, "the number of records");
}

/** Checks that files have the same names and bytes. */
export function equalFiles(
  actual: ReadonlyMap<string, Uint8Array>,
  expected: ReadonlyMap<string, Uint8Array>,
): void {
  equal([...actual.keys()], [...expected.keys()], "the names of the files");
  for (const [name, bytes] of expected) {
    const other = actual.get(name);
    const at = bytes.findIndex((byte, n) => byte !== other?.[n]);
    equal(at, -1, `the first byte of ${name} that differs`);
    equal(other?.length, bytes.length, `the size of ${name}`);
  }
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
}
