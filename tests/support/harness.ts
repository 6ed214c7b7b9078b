/**
 * One way to write a test for three runtimes: `Deno.test` on Deno, because it
 * finds leaked files and timers; `node:test` on Node and Bun.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "@std/path";

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

/** Registers a test. */
export const test: (name: string, run: Run) => void = runtime === "deno"
  ? (name, run) =>
    (globalThis as unknown as { Deno: DenoGlobal }).Deno
      .test(name, SANITIZERS, run)
  : await nodeTest();

async function nodeTest(): Promise<(name: string, run: Run) => void> {
  const { test } = await import("node:test");
  return (name, run) => void test(name, async () => await run());
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
