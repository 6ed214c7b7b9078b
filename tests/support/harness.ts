/**
 * One way to write a test for three runtimes: `Deno.test` on Deno, because it
 * finds leaked files and timers; `node:test` on Node and Bun.
 */

import { appendFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { dirname, fromFileUrl, join } from "@std/path";

type Run = () => Promise<void> | void;

interface DenoGlobal {
  test(name: string, options: object, run: Run): void;
}

/** Deno looks for these leaks only if it is told to. */
const SANITIZERS = { sanitizeOps: true, sanitizeResources: true };

/** The runtime that runs the tests. */
export const runtime: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

const root = dirname(dirname(dirname(fromFileUrl(import.meta.url))));

/** Where `npm test` reads what becomes of each test; nothing if it does not ask. */
const { DURABLE_TEST_REPORT: report, DURABLE_TEST_FILTER: filter = "" } =
  process.env;

/** Registers a test with the runtime. */
const register: (name: string, isSkipped: boolean, run: Run) => void =
  runtime === "deno"
    ? (name, ignore, run) =>
      (globalThis as unknown as { Deno: DenoGlobal }).Deno
        .test(name, { ...SANITIZERS, ignore }, run)
    : await nodeTest();

async function nodeTest(): Promise<typeof register> {
  const { test } = await import("node:test");
  return (name, skip, run) =>
    void test(name, { skip }, async () => await run());
}

/** Registers a test. */
export function test(name: string, run: Run): void {
  const runs = name.includes(filter);
  if (report === undefined) return register(name, !runs, run);
  const file = testFile();
  const tell = (kind: string, more = {}) => {
    const line = JSON.stringify({ kind, file, name, runs, ...more });
    appendFileSync(report, `${line}\n`);
  };
  tell("registered");
  register(name, !runs, async () => {
    try {
      await run();
    } catch (error) {
      tell("failed", { error: errorText(error) });
      throw error;
    }
    tell("passed");
  });
}

/** The test file that is being loaded: modules are shared, so the stack is asked. */
function testFile(): string {
  const lines = new Error().stack?.split("\n") ?? [];
  const [path = ""] = lines.map((line) =>
    /(\/(?!\/)[^():]*_test\.ts)/.exec(line)?.[1]
  ).filter((path) => path !== undefined);
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

/** What was thrown, and from where; the stacks of the runtimes differ in what they begin with. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `Thrown: ${String(error)}`;
  const frames = (error.stack ?? "").split("\n").filter((line) =>
    /^ +at .*(_test\.ts|\/(src|tests)\/)/.test(line) &&
    !line.includes("/support/harness.ts:")
  );
  const own = [String(error), ...frames.map((line) => `  ${line.trim()}`)];
  const { cause } = error;
  const text = cause === undefined
    ? own.join("\n")
    : `${own.join("\n")}\nCause: ${errorText(cause)}`;
  return stripVTControlCharacters(text);
}

/** Runs `use` with the path of a new directory on disk, and removes it. */
export async function withDirectory<T>(
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "durable-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
