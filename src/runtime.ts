/**
 * The one place that names the adapters.
 *
 * @module
 */

import type { FileSystem } from "./file_system.ts";

let chosen: Promise<FileSystem> | undefined;

/**
 * The file system of the runtime this program runs on: Deno, Bun, or else
 * Node.js. Each adapter is loaded only where it is used.
 *
 * @example The same code on three runtimes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultFileSystem } from "@mini-ts/durable";
 *
 * const fileSystem = await defaultFileSystem();
 * assertEquals(typeof fileSystem.capabilities.fullFlush, "boolean");
 * ```
 *
 * @returns The same object on every call.
 */
export function defaultFileSystem(): Promise<FileSystem> {
  chosen ??= choose();
  return chosen;
}

async function choose(): Promise<FileSystem> {
  if ("Deno" in globalThis) {
    return new (await import("./adapters/deno.ts")).DenoFileSystem();
  }
  if ("Bun" in globalThis) {
    return new (await import("./adapters/bun.ts")).BunFileSystem();
  }
  return new (await import("./adapters/node.ts")).NodeFileSystem();
}
