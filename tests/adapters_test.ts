import { assert, assertEquals, assertThrows } from "@std/assert";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { DurableError, type DurableErrorCode, MiniStore } from "../mod.ts";
import { adapters, onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { testFileSystemContract } from "./support/file_system_contract.ts";
import { test } from "./support/harness.ts";

for (const adapter of adapters) testFileSystemContract(adapter);

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileHandle.write() says NO_SPACE on a full device (${adapter.name})`, () =>
    adapter.with(async (fs) => {
      if (!existsSync("/dev/full")) return;
      await using handle = await fs.open("/dev/full", { mode: "write" });
      const byte = new Uint8Array(1);
      await assertCode(() => handle.write(byte, 0), "NO_SPACE");
      const error = assertThrows(() => handle.writeSync(byte, 0), DurableError);
      assertEquals(error.code, "NO_SPACE");
      assert(error.cause instanceof Error);
    }));

  test(`FileSystem.open() says PERMISSION for what may not be written (${adapter.name})`, () =>
    adapter.with(async (fs) => {
      const path = "/proc/sys/kernel/ostype"; // read-only even for root
      if (!existsSync(path)) return;
      await assertCode(() => fs.open(path, { mode: "write" }), "PERMISSION");
    }));

  test(`FileSystem says READ_ONLY on a file system mounted read-only (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      if (!mountReadOnly(directory)) return;
      try {
        await assertCode(
          () => fs.open(`${directory}/a`, { mode: "create" }),
          "READ_ONLY",
        );
        await assertCode(() => fs.mkdir(`${directory}/d`), "READ_ONLY");
        await assertCode(() => fs.lock(`${directory}/l`), "READ_ONLY");
        await assertCode(() => fs.lock(`${directory}/there`), "READ_ONLY");
      } finally {
        execFileSync("umount", [directory]);
      }
    }));
}

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileSystem.stat() follows links to directories only (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      await fs.mkdir(`${directory}/d`);
      await (await fs.open(`${directory}/f`, { mode: "create" })).close();
      for (const name of ["d", "f", "nothing"]) {
        symlinkSync(name, `${directory}/to-${name}`);
      }
      const kindOf = async (name: string) =>
        (await fs.stat(`${directory}/${name}`))?.kind;
      assertEquals(await kindOf("to-d"), "directory");
      assertEquals(await kindOf("to-f"), "other");
      assertEquals(await kindOf("to-nothing"), undefined);
      const path = `${directory}/to-f`;
      const error = await assertCode(
        () => MiniStore.open(path, { fileSystem: fs }),
        "NOT_A_JOURNAL",
      );
      assert(error.message.includes("not a regular file"), error.message);
    }));

  test(`FileHandle.sync() and all its kin ask the system, and pass its refusal on (${adapter.name})`, () =>
    adapter.with(async (fs) => {
      if (process.platform !== "linux") return;
      // Linux syncs neither a device nor a directory of /proc.
      await using handle = await fs.open("/dev/null", { mode: "write" });
      await assertCode(() => handle.sync(), "IO");
      await assertCode(() => handle.dataSync(), "IO");
      const error = assertThrows(() => handle.dataSyncSync(), DurableError);
      assertEquals(error.code, "IO");
      await assertCode(() => fs.syncDir("/proc"), "IO");
    }));

  test(`FileHandle.writeSync() works while another handle syncs (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      await using one = await fs.open(`${directory}/a`, { mode: "create" });
      await using two = await fs.open(`${directory}/a`, { mode: "write" });
      one.writeSync(new Uint8Array(1 << 20), 0);
      const syncing = one.dataSync();
      two.writeSync(new Uint8Array(3).fill(1), 1 << 20);
      two.dataSyncSync();
      await syncing;
      assertEquals(await one.size(), (1 << 20) + 3);
    }));
}

for (const adapter of adapters) {
  test(`FileLock.release() a second time does not let go of the lock of another (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      const first = await fs.lock(`${directory}/l`);
      await first.release();
      await using _second = await fs.lock(`${directory}/l`);
      await first.release();
      await assertCode(() => fs.lock(`${directory}/l`), "LOCKED");
    }));

  test(`FileSystem.mkdir() says EXISTS where a file stands (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      await (await fs.open(`${directory}/f`, { mode: "create" })).close();
      await assertCode(() => fs.mkdir(`${directory}/f`), "EXISTS");
    }));
}

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`FileSystem.mkdir() fails where a name cannot be synced, unless that is refused (${adapter.name})`, () =>
    adapter.with(async (fs, directory) => {
      await fs.mkdir(`${directory}/d`);
      const syncDir = fs.syncDir;
      const codeWith = async (code: DurableErrorCode, name: string) => {
        fs.syncDir = () => Promise.reject(new DurableError(code, "Injected"));
        try {
          await fs.mkdir(`${directory}/${name}`);
        } catch (error) {
          return (error as DurableError).code;
        } finally {
          fs.syncDir = syncDir;
        }
      };
      assertEquals(await codeWith("IO", "d"), "IO");
      assertEquals(await codeWith("IO", "e"), "IO");
      assertEquals(await codeWith("PERMISSION", "d"), undefined);
      assertEquals(await codeWith("READ_ONLY", "d"), undefined);
    }));
}

test("FileSystem.capabilities tell what the platform promises", () =>
  onDisk.with((fs) => {
    const isMac = process.platform === "darwin";
    const isWindows = process.platform === "win32";
    assertEquals(fs.capabilities.syncDir, !isWindows);
    assert(isMac || fs.capabilities.fullFlush);
    return Promise.resolve();
  }));

/** Mounts a read-only file system with an empty file `there`; needs Linux and root. */
function mountReadOnly(directory: string): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    const mount = (...options: string[]) =>
      execFileSync("mount", [...options, directory], { stdio: "ignore" });
    mount("-t", "tmpfs", "tmpfs");
    writeFileSync(`${directory}/there`, "");
    mount("-o", "remount,ro");
    return true;
  } catch {
    return false; // a container without the right to mount
  }
}
