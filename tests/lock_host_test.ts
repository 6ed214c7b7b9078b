import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { fileSystemError } from "../src/errors.ts";
import { acquireLock, type LockHost } from "../src/adapters/lock.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";

/** A runtime that there is none of here, which notes what is asked of it. */
function hostOf(parts: Partial<LockHost>): { host: LockHost; calls: string[] } {
  const calls: string[] = [];
  const note = (call: string) => void calls.push(call);
  const host: LockHost = {
    runtime: "node 20.19.0",
    pid: 7,
    needs: "node:sqlite, which Node.js has from version 22.13",
    loadDatabase: () =>
      Promise.resolve(() => ({
        exec: note,
        close: () => note("close"),
      })),
    createFile: (path) => note(`create ${path}`),
    stat: () => Promise.resolve({ kind: "file", size: 0 }),
    writeText: (path, text) => note(`write ${path} ${text.trim()}`),
    readText: (path) => {
      note(`read ${path}`);
      return "";
    },
    removeFile: (path) => note(`remove ${path}`),
    mapError: (action, path, cause) =>
      fileSystemError(action, path, (cause as { code?: string }).code, cause),
    ...parts,
  };
  return { host, calls };
}

const failure = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

for (const code of ["ERR_UNKNOWN_BUILTIN_MODULE", "ERR_MODULE_NOT_FOUND"]) {
  test(`FileSystem.lock() says which SQLite a runtime lacks, and makes nothing (${code})`, async () => {
    const cause = failure(code, "No such built-in module: node:sqlite");
    const { host, calls } = hostOf({
      loadDatabase: () => Promise.reject(cause),
    });
    const error = await assertCode(
      () => acquireLock(host, "/d/a.lock"),
      "UNSUPPORTED_RUNTIME",
    );
    assertEquals(
      error.message,
      'Cannot lock "/d/a.lock": the lock needs node:sqlite, which Node.js has from version 22.13, and this is node 20.19.0; run a version that has it',
    );
    assertEquals(error.path, "/d/a.lock");
    assertStrictEquals(error.cause, cause);
    assertEquals(calls, []);
  });
}

test("FileSystem.lock() creates the file itself before SQLite sees it, and never opens one that is there", async () => {
  const exists = failure("EEXIST", "file already exists");
  for (const isThere of [false, true]) {
    const order: string[] = [];
    const { host, calls } = hostOf({
      createFile: (path) => {
        order.push(`create ${path}`);
        if (isThere) throw exists;
      },
      loadDatabase: () =>
        Promise.resolve((path) => {
          order.push(`sqlite ${path}`);
          return { exec: () => {}, close: () => order.push("close") };
        }),
    });
    const lock = await acquireLock(host, "/d/a.lock");
    assertEquals(order, ["create /d/a.lock", "sqlite /d/a.lock"]);
    assertEquals(calls, [
      'write /d/a.lock.holder {"pid":7,"runtime":"node 20.19.0"}',
    ]);
    await lock.release();
    assertEquals(order.slice(2), ["close"]);
    assertEquals(calls.slice(1), ["remove /d/a.lock.holder"]);
  }
});

test("FileSystem.lock() says what the system refused where the lock file cannot be created", async () => {
  for (
    const [errno, code] of [
      ["ENOENT", "NOT_FOUND"],
      ["EACCES", "PERMISSION"],
      ["EMFILE", "TOO_MANY_FILES"],
      ["EROFS", "READ_ONLY"],
    ] as const
  ) {
    const { host, calls } = hostOf({
      createFile: () => {
        throw failure(errno, "refused");
      },
    });
    await assertCode(() => acquireLock(host, "/d/a.lock"), code);
    assertEquals(calls, []);
  }
});

/** What SQLite throws on Node, on Bun and on Deno. */
const SAID = {
  readOnly: [
    failure("ERR_SQLITE_ERROR", "attempt to write a readonly database", {
      errcode: 8,
    }),
    failure("ERR_SQLITE_ERROR", "another text", { errcode: 8 | 5 << 8 }),
    failure("SQLITE_READONLY", "another text"),
    failure("ERR_SQLITE_ERROR", "attempt to write a readonly database"),
  ],
  cannotOpen: [
    failure("ERR_SQLITE_ERROR", "another text", { errcode: 14 }),
    failure("SQLITE_CANTOPEN", "another text"),
    failure("ERR_SQLITE_ERROR", "unable to open database file: /d/a.lock"),
  ],
  busy: [
    failure("ERR_SQLITE_ERROR", "another text", { errcode: 5 }),
    failure("SQLITE_BUSY", "another text"),
    failure("ERR_SQLITE_ERROR", "database is locked"),
  ],
} as const;

test("FileSystem.lock() knows what SQLite says on each runtime, and reads the lock file for none of it", async () => {
  for (
    const [said, code] of [
      ["readOnly", "PERMISSION"],
      ["cannotOpen", "PERMISSION"],
      ["busy", "LOCKED"],
    ] as const
  ) {
    for (const cause of SAID[said]) {
      let closed = 0;
      const { host, calls } = hostOf({
        loadDatabase: () =>
          Promise.resolve(() => ({
            exec: (sql) => {
              if (sql.startsWith("PRAGMA user_version")) throw cause;
            },
            close: () => closed++,
          })),
      });
      const error = await assertCode(
        () => acquireLock(host, "/d/a.lock"),
        code,
      );
      assertStrictEquals(error.cause, cause);
      assertEquals(closed, 1);
      assert(!calls.includes("read /d/a.lock"), calls.join());
    }
  }
});

test("FileSystem.lock() says READ_ONLY where the file system is, and PERMISSION where only the files are", async () => {
  for (
    const [errno, code, text] of [
      ["EROFS", "READ_ONLY", "the file system is read-only"],
      ["EACCES", "PERMISSION", "may read the file but not write it"],
    ] as const
  ) {
    const { host } = hostOf({
      loadDatabase: () =>
        Promise.resolve(() => ({
          exec: () => {
            throw SAID.readOnly[0];
          },
          close: () => {},
        })),
      writeText: () => {
        throw failure(errno, "refused");
      },
    });
    const error = await assertCode(() => acquireLock(host, "/d/a.lock"), code);
    assert(error.message.includes(text), error.message);
  }
});

test("FileSystem.lock() leaves no other holder's name where it cannot write its own", async () => {
  const { host, calls } = hostOf({
    writeText: () => {
      throw failure("EACCES", "refused");
    },
  });
  await (await acquireLock(host, "/d/a.lock")).release();
  assertEquals(calls.filter((call) => call.startsWith("remove")), [
    "remove /d/a.lock.holder",
    "remove /d/a.lock.holder",
  ]);
});
