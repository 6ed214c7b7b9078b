/** Mutants of the adapters, each run where its adapter is. */

import type { Mutant } from "./mutant.ts";

const BUN = "src/adapters/bun.ts";
const DENO = "src/adapters/deno.ts";
const NODE = "src/adapters/node.ts";

/** Bun and Node. */
const ON_NODE: readonly Mutant[] = [
  {
    name: "node-write-short",
    breaks: "W1",
    file: NODE,
    from: "    for (let done = 0; done < bytes.length;) {\n      const rest",
    to:
      "    for (let done = 0; done === 0 && done < bytes.length;) {\n      const rest",
    likely: "short_writes",
    runtime: "node",
  },
  {
    name: "node-write-sync-short",
    breaks: "W1",
    file: NODE,
    from: "      for (let done = 0; done < bytes.length;) {\n        done +=",
    to:
      "      for (let done = 0; done === 0 && done < bytes.length;) {\n        done +=",
    likely: "short_writes",
    runtime: "node",
  },
  {
    name: "bun-write-short",
    breaks: "W1",
    file: NODE,
    from: "    for (let done = 0; done < bytes.length;) {\n      const rest",
    to:
      "    for (let done = 0; done === 0 && done < bytes.length;) {\n      const rest",
    likely: "short_writes",
  },
  {
    name: "bun-write-sync-short",
    breaks: "W1",
    file: NODE,
    from: "      for (let done = 0; done < bytes.length;) {\n        done +=",
    to:
      "      for (let done = 0; done === 0 && done < bytes.length;) {\n        done +=",
    likely: "short_writes",
  },
  {
    name: "node-file-told-by-its-device-only",
    breaks: "W1",
    file: NODE,
    from: "named && named.ino === own.ino && named.dev",
    to: "named && named.dev",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-data-sync-does-nothing",
    breaks: "W5",
    file: NODE,
    from: "(fd, done) => fs.fdatasync(fd, done)",
    to: "(_, done) => done(null)",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-data-sync-sync-does-nothing",
    breaks: "W5",
    file: NODE,
    from: "fs.fdatasyncSync(this.#opened());",
    to: "this.#opened();",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-sync-does-nothing",
    breaks: "W6",
    file: NODE,
    from: "(fd, done) => fs.fsync(fd, done)",
    to: "(_, done) => done(null)",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-sync-dir-does-nothing",
    breaks: "W6",
    file: NODE,
    from: "        await handle.sync();\n",
    to: "",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-create-overwrites",
    breaks: "W4",
    file: NODE,
    from: 'create: "wx+"',
    to: 'create: "w+"',
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-write-through-a-link",
    breaks: "W4",
    file: NODE,
    from: "const info = await promises.lstat(path);",
    to: "const info = await promises.stat(path);",
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "node-failing-call-succeeds",
    breaks: "W7",
    file: NODE,
    from: "        if (error) reject(this.#fail(action, error));",
    to:
      '        if (error && action !== "sync") reject(this.#fail(action, error));',
    likely: "adapters",
    runtime: "node",
  },
  {
    name: "bun-lock-in-memory",
    breaks: "L1",
    file: BUN,
    from: "new Database(path, {",
    to: 'new Database(":memory:", {',
    likely: "adapters",
  },
  {
    name: "node-reads-what-is-not-a-file",
    breaks: "R2",
    file: NODE,
    from: '  if (!info.isFile()) throw withCode("ENXIO");\n',
    to: "",
    likely: "special_files",
  },
];

/** Deno. */
const ON_DENO: readonly Mutant[] = [
  {
    name: "deno-file-told-by-its-device-only",
    breaks: "W1",
    file: DENO,
    from: "named && named.ino === own.ino && named.dev",
    to: "named && named.dev",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-write-short",
    breaks: "W1",
    file: DENO,
    from:
      "      for (let done = 0; done < bytes.length;) {\n        const count = await",
    to:
      "      for (let done = 0; done === 0 && done < bytes.length;) {\n        const count = await",
    likely: "short_writes",
    runtime: "deno",
  },
  {
    name: "deno-write-sync-short",
    breaks: "W1",
    file: DENO,
    from:
      "      for (let done = 0; done < bytes.length;) {\n        const count = this",
    to:
      "      for (let done = 0; done === 0 && done < bytes.length;) {\n        const count = this",
    likely: "short_writes",
    runtime: "deno",
  },
  {
    name: "deno-data-sync-does-nothing",
    breaks: "W5",
    file: DENO,
    from: "() => this.#file.syncData()",
    to: "() => Promise.resolve()",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-data-sync-sync-does-nothing",
    breaks: "W5",
    file: DENO,
    from: "      this.#file.syncDataSync();\n",
    to: "",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-sync-does-nothing",
    breaks: "W6",
    file: DENO,
    from: "() => this.#file.sync()",
    to: "() => Promise.resolve()",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-sync-dir-does-nothing",
    breaks: "W6",
    file: DENO,
    from: "        await directory.sync();\n",
    to: "",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-create-overwrites",
    breaks: "W4",
    file: DENO,
    from: "write: true, createNew: true },\n} as const",
    to: "write: true, create: true },\n} as const",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-writes-where-the-descriptor-stands",
    breaks: "W4",
    file: DENO,
    from: "    this.#file.seekSync(offset, Deno.SeekMode.Start);\n",
    to: "",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-position-trusted-after-a-failure",
    breaks: "W4",
    file: DENO,
    from:
      "  #fail(action: string, cause: unknown): DurableError {\n    this.#position = NaN;\n",
    to: "  #fail(action: string, cause: unknown): DurableError {\n",
    likely: "short_writes",
    runtime: "deno",
  },
  {
    name: "deno-write-through-a-link",
    breaks: "W4",
    file: DENO,
    from: "const info = await Deno.lstat(path);",
    to: "const info = await Deno.stat(path);",
    likely: "adapters",
    runtime: "deno",
  },
  {
    name: "deno-error-numbers-not-read",
    breaks: "E1",
    file: DENO,
    from: "ERRNO_BY_NUMBER.get(number) ?? ERRNO_BY_NAME.get(name)",
    to: "ERRNO_BY_NAME.get(name)",
    likely: "short_writes",
    runtime: "deno",
  },
  {
    name: "deno-quota-not-known",
    breaks: "E1",
    file: DENO,
    from: '    : [["122", "EDQUOT"], ',
    to: "    : [",
    likely: "short_writes",
    runtime: "deno",
  },
  {
    name: "deno-refused-permission-not-known",
    breaks: "E1",
    file: DENO,
    from: '  ["NotCapable", "EACCES"],\n',
    to: "",
    likely: "deno_permissions",
    runtime: "deno",
  },
  {
    name: "deno-makes-directories-it-may-not-sync",
    breaks: "W6",
    file: DENO,
    from: '          "granted",',
    to: '          "granted" || name !== "",',
    likely: "deno_permissions",
    runtime: "deno",
  },
  {
    name: "deno-reads-what-is-not-a-file",
    breaks: "R2",
    file: DENO,
    from: "  if (!info.isFile) throw Object",
    to: "  if (info.isDirectory) throw Object",
    likely: "special_files",
    runtime: "deno",
  },
];

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...ON_NODE, ...ON_DENO];
