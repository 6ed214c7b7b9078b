import { assertEquals, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { dirname, fromFileUrl, join } from "@std/path";
import { DurableError } from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { runtime, test } from "./support/harness.ts";
import { readText } from "./support/text.ts";

const root = dirname(dirname(fromFileUrl(import.meta.url)));

test("FileHandle.write() and writeSync() go on behind a short write, and say NO_SPACE if only a part fits", () =>
  onDisk.with((_, dir) => {
    if (process.platform === "win32") return Promise.resolve();
    const flags = runtime !== "deno" ? [] : [
      "run",
      "--allow-all",
      "--no-check",
      `--import-map=${join(root, "offline", "import_map.json")}`,
    ];
    // A write across the limit is short; the next one fails. Unless the signal is
    // ignored, the system kills the process instead.
    const limited = 'trap "" XFSZ; ulimit -f 64; exec "$@"';
    const script = join(root, "tests", "support", "limited_child.ts");
    const output = execFileSync(
      "sh",
      ["-c", limited, "sh", process.execPath, ...flags, script, dir],
      { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
    );
    assertEquals(output.trim().split("\n"), [
      "write NO_SPACE part",
      "writeSync NO_SPACE part",
    ]);
    return Promise.resolve();
  }));

/** The part of Deno's file that is replaced here. */
interface DenoFile {
  writeSync(bytes: Uint8Array): number;
}

/** Runs `use` with another `writeSync` in every file of Deno. */
async function withWriteSync(
  writeSync: (original: DenoFile["writeSync"]) => DenoFile["writeSync"],
  use: () => Promise<void>,
): Promise<void> {
  const { Deno } = globalThis as unknown as {
    Deno: { FsFile: { prototype: DenoFile } };
  };
  const { prototype } = Deno.FsFile;
  const original = prototype.writeSync;
  prototype.writeSync = writeSync(original);
  try {
    await use();
  } finally {
    prototype.writeSync = original;
  }
}

test("FileHandle.writeSync() on Deno lands where it should behind a write that failed in part", () =>
  onDisk.with(async (fileSystem, dir) => {
    if (runtime !== "deno") return;
    const path = `${dir}/a`;
    await using handle = await fileSystem.open(path, { mode: "create" });
    const bytes = (text: string) => new TextEncoder().encode(text);
    const failing = (original: DenoFile["writeSync"]) =>
      function (this: DenoFile, buffer: Uint8Array): never {
        original.call(this, buffer.subarray(0, 4));
        throw new Error("Injected");
      };
    await withWriteSync(failing, () => {
      assertThrows(
        () => handle.writeSync(bytes("first text"), 0),
        DurableError,
      );
      return Promise.resolve();
    });
    handle.writeSync(bytes("second"), 0);
    assertEquals(await readText(fileSystem, path), "second");
  }));

test("FileHandle.writeSync() on Deno knows the errors that have a number only", () =>
  onDisk.with(async (fileSystem, dir) => {
    if (runtime !== "deno" || process.platform === "win32") return;
    await using handle = await fileSystem.open(`${dir}/a`, { mode: "create" });
    const quota = process.platform === "darwin" ? 69 : 122;
    const cases = [
      [quota, "NO_SPACE"],
      [27, "NO_SPACE"],
      [28, "NO_SPACE"],
      [30, "READ_ONLY"],
      [5, "IO"],
    ] as const;
    for (const [number, code] of cases) {
      const failing = () => () => {
        throw new Error(`Injected (os error ${number})`);
      };
      await withWriteSync(failing, () => {
        const error = assertThrows(
          () => handle.writeSync(new Uint8Array(1), 0),
          DurableError,
        );
        assertEquals(error.code, code);
        return Promise.resolve();
      });
    }
  }));
