import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type DurableErrorCode,
  type FileSystem,
  MemoryFileSystem,
  MiniStore,
  SnapStore,
  StateManager,
} from "../mod.ts";
import { onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test, withDirectory } from "./support/harness.ts";
import { writeFile } from "./support/text.ts";

/** What Linux has at a path besides files. */
const KINDS = ["fifo", "socket", "directory", "/dev/zero", "/dev/null"];
const LINUX = process.platform === "linux";

/** Runs `use` with the path of something that is not a regular file. */
async function withSpecial(
  kind: string,
  path: string,
  use: (path: string) => Promise<void>,
): Promise<void> {
  if (kind === "fifo") {
    execFileSync("mkfifo", [path]);
    // Somebody has it open, so that a reader that opens it is not kept for good.
    const held = openSync(path, constants.O_RDWR);
    await use(path).finally(() => closeSync(held));
  } else if (kind === "socket") {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await use(path).finally(() =>
      new Promise((resolve) => server.close(resolve))
    );
  } else if (kind === "directory") {
    execFileSync("mkdir", [path]);
    await use(path);
  } else {
    symlinkSync(kind, path);
    await use(path);
    await use(kind);
  }
}

const codeFor = (kind: string): DurableErrorCode =>
  kind === "directory" ? "IS_DIRECTORY" : "NOT_A_JOURNAL";

/** Registers a test for each kind of thing that is not a file. */
function each(
  what: string,
  base: string,
  run: (fileSystem: FileSystem, path: string, kind: string) => Promise<void>,
): void {
  for (const kind of KINDS) {
    const name = `${what}: ${kind}`;
    if (!LINUX) test(`${name} (skipped: not Linux)`, () => {});
    else {
      test(name, () =>
        onDisk.with((fileSystem, dir) =>
          withSpecial(
            kind,
            `${dir}/${base}`,
            (path) => run(fileSystem, path, kind),
          )
        ));
    }
  }
}

each(
  "MiniStore.replay(), stream() and verify() refuse what is not a file before they open it",
  "a.jsonl",
  async (fileSystem, path, kind) => {
    const code = codeFor(kind);
    const error = await assertCode(
      () => MiniStore.replay(path, { fileSystem }),
      code,
    );
    assertEquals(error.path, path);
    assert(error.message.includes(path), error.message);
    const opened = await assertCode(
      () => MiniStore.open(path, { fileSystem }),
      code,
    );
    assertEquals(opened.path, path, "as open() refuses it");
    await assertCode(
      () => MiniStore.stream(path, { fileSystem }).next(),
      code,
    );
    if (kind === "directory") {
      await assertCode(() => MiniStore.verify(path, { fileSystem }), code);
    } else {
      const { ok, damage } = await MiniStore.verify(path, { fileSystem });
      assertEquals([ok, damage?.code, damage?.path], [false, code, path]);
    }
  },
);

each(
  "StateManager.follow() refuses a journal that is not a file",
  "journal.jsonl",
  async (fileSystem, path, kind) => {
    if (path.startsWith("/dev")) return;
    const directory = fileSystem.split(path).dir;
    const options = { initial: {}, apply: () => {}, fileSystem };
    await assertCode(
      () => StateManager.follow(directory, { ...options, interval: Infinity }),
      codeFor(kind),
    );
  },
);

each(
  "SnapStore.restore() refuses a snapshot that is not a file",
  "snapshot.json",
  async (fileSystem, path, kind) => {
    if (path.startsWith("/dev")) return;
    const { dir } = fileSystem.split(path);
    await writeFile(fileSystem, `${dir}/snapshot.seq`, "3");
    const store = new SnapStore(dir, { fileSystem });
    const error = await assertCode(
      () => store.restore(),
      kind === "directory" ? "IS_DIRECTORY" : "NOT_A_FILE",
    );
    assertEquals(error.path, path);
  },
);

each(
  "MiniStore.replay() takes a sealed segment that is not a file for damage",
  "a.jsonl.000001",
  async (fileSystem, path, kind) => {
    if (path.startsWith("/dev")) return;
    const { dir } = fileSystem.split(path);
    await withDirectory(async (other) => {
      const log = `${other}/a.jsonl`;
      const store = await MiniStore.open<number>(log, { fileSystem });
      await store.append(1);
      await store.rotate();
      await store.append(2);
      await store.close();
      await fileSystem.rename(log, `${dir}/a.jsonl`);
    });
    const error = await assertCode(
      () => MiniStore.replay(`${dir}/a.jsonl`, { fileSystem }),
      kind === "directory" ? "IS_DIRECTORY" : "CORRUPT",
    );
    assertEquals(error.path, path);
  },
);

test("MiniStore.replay() reads through a link to a log's file", () =>
  onDisk.with(async (fileSystem, dir) => {
    const store = await MiniStore.open<number>(`${dir}/a.jsonl`, {
      fileSystem,
    });
    await store.appendAll([1, 2]);
    await store.close();
    symlinkSync(`${dir}/a.jsonl`, `${dir}/b.jsonl`);
    assertEquals(await MiniStore.replay(`${dir}/b.jsonl`, { fileSystem }), [
      1,
      2,
    ]);
  }));

test("MiniStore.replay(), stream() and verify() do not open a lock file, which would end the lock", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  await using _store = await MiniStore.open("a", { fileSystem });
  fileSystem.calls.length = 0;
  const reads = [
    () => MiniStore.replay("a.lock", { fileSystem }),
    async () => await MiniStore.stream("a.lock", { fileSystem }).next(),
    async () => await MiniStore.verify("a.lock", { fileSystem }),
  ];
  for (const read of reads) {
    await assertRejects(read, TypeError, "another log uses it as its lock");
  }
  assertEquals(fileSystem.calls, []);
});
