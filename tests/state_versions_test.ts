import { assert, assertEquals } from "@std/assert";
import {
  type FileSystem,
  MemoryFileSystem,
  SnapStore,
  StateManager,
} from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import {
  DIR,
  openShop,
  type Order,
  type Shop,
  shopOptions,
  shopWith,
} from "./support/states.ts";
import { readText } from "./support/text.ts";

const SAME = {
  upcast: (mutation: unknown) => mutation as Order,
  migrate: (state: unknown) => state as Shop,
};
/** The files of the state. */
async function shopFiles(fileSystem: FileSystem): Promise<[string, string][]> {
  const files: [string, string][] = [];
  for (const name of await fileSystem.readDir(DIR)) {
    files.push([name, await readText(fileSystem, `${DIR}/${name}`)]);
  }
  return files.sort();
}

const NEXT = { version: 2, ...SAME };

test("StateManager.open() of a new version changes nothing until the first mutation, so that the older program can go on", async () => {
  const fileSystem = new MemoryFileSystem();
  await (await openShop(fileSystem, NEXT)).close();
  const older = await openShop(fileSystem);
  await older.apply({ add: { by: 1 } });
  await older.close();
  const before = await shopFiles(fileSystem);
  const newer = await openShop(fileSystem, NEXT);
  assertEquals(newer.state.total, 1);
  await newer.close();
  assertEquals(await shopFiles(fileSystem), before);
  const again = await openShop(fileSystem);
  await again.apply({ add: { by: 1 } });
  await again.close();
  const last = await openShop(fileSystem, NEXT);
  const one = last.apply({ add: { by: 1 } }, { expectedSequence: 2 });
  const two = last.apply({ add: { by: 1 } }, { expectedSequence: 3 });
  assertEquals(await Promise.all([one, two]), [3, 4]);
  await last.close();
  await assertCode(() => openShop(fileSystem), "UNSUPPORTED_VERSION");
});

test("StateManager.createSnapshot() of a new version shuts the older program out, though there is no mutation of it", async () => {
  for (const compact of [false, true]) {
    const fileSystem = await shopWith({ mutations: 3 });
    const newer = await openShop(fileSystem, NEXT);
    await (compact ? newer.compact() : newer.createSnapshot());
    await newer.close();
    const before = await shopFiles(fileSystem);
    await assertCode(() => openShop(fileSystem), "UNSUPPORTED_VERSION");
    assertEquals(await shopFiles(fileSystem), before);
    const again = await openShop(fileSystem, NEXT);
    assertEquals([again.state.total, again.recovery.snapshot], [6, 3]);
    assertEquals(await again.apply({ add: { by: 1 } }), 4);
    await again.close();
  }
});

test("StateManager.follow() of an older version goes on until a mutation of the new one", async () => {
  const fileSystem = await shopWith({ mutations: 1 });
  const follower = await StateManager.follow(DIR, {
    ...shopOptions(fileSystem),
    interval: 1,
  });
  const newer = await openShop(fileSystem, NEXT);
  await follower.catchUp();
  assertEquals(follower.state.total, 1);
  await newer.apply({ add: { by: 1 } });
  await assertCode(() => follower.catchUp(), "UNSUPPORTED_VERSION");
  await newer.close();
  await follower.close();
});

test("StateManager.open() says what migrate has thrown, and for which snapshot", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const before = await shopFiles(fileSystem);
  const cause = new Error("no total");
  const options = {
    ...NEXT,
    migrate: (): Shop => {
      throw cause;
    },
  };
  const error = await assertCode(
    () => openShop(fileSystem, options),
    "REJECTED",
  );
  assertEquals([error.path, error.sequence, error.cause], [DIR, 4, cause]);
  assertEquals(
    error.message,
    'Cannot use the snapshot in "shop": it is of version 1, and migrate throws: no total; correct migrate and try again, nothing was changed',
  );
  assertEquals(await shopFiles(fileSystem), before);
  const report = await StateManager.verify(
    DIR,
    shopOptions(fileSystem, options),
  );
  assertEquals([report.ok, report.damage?.code], [false, "REJECTED"]);
});

test("StateManager.open() refuses what migrate returns if it is not JSON data, and says where", async () => {
  const fileSystem = await shopWith({ snapshotAt: 4 });
  const wrong: [unknown, string][] = [
    [undefined, "undefined"],
    [{ total: 1, at: new Date(0) }, ".at"],
    [Promise.resolve({ total: 1 }), "a promise: migrate must be synchronous"],
    [Promise.reject(new Error("late")), "a promise"],
  ];
  for (const [returned, what] of wrong) {
    const options = { ...NEXT, migrate: () => returned as Shop };
    const error = await assertCode(
      () => openShop(fileSystem, options),
      "REJECTED",
    );
    const start =
      'Cannot use the snapshot in "shop": it is of version 1, and migrate returns what is not a state: ';
    assert(error.message.startsWith(start), error.message);
    assert(error.message.includes(what), error.message);
    assertEquals([error.path, error.sequence], [DIR, 4]);
  }
  const snapshot = await new SnapStore<Shop>(DIR, { fileSystem }).restore();
  assertEquals(snapshot.sequence, 4);
});

test("StateManager.open() says what upcast has thrown, and for which record", async () => {
  const fileSystem = await shopWith({ mutations: 3 });
  const cause = new Error("no add");
  const upcast = (): Order => {
    throw cause;
  };
  const error = await assertCode(
    () => openShop(fileSystem, { version: 2, upcast }),
    "INVALID_RECORD",
  );
  assertEquals(
    error.message,
    'Cannot use "shop/journal.jsonl": record 1 is of version 1, and upcast throws: no add; correct upcast and try again, nothing was changed',
  );
  assertEquals([error.path, error.sequence, error.cause], [
    "shop/journal.jsonl",
    1,
    cause,
  ]);
});

test("StateManager.open() refuses what upcast returns if it is not JSON data, before the reducer sees it", async () => {
  const fileSystem = await shopWith({ mutations: 3 });
  const seen: unknown[] = [];
  const apply = (_: Shop, order: Order) => void seen.push(order);
  const wrong: [unknown, string][] = [
    [undefined, "undefined"],
    [{ add: { by: NaN } }, ".add.by"],
    [Promise.resolve("clear"), "a promise: upcast must be synchronous"],
  ];
  for (const [returned, what] of wrong) {
    const upcast = () => returned as Order;
    const error = await assertCode(
      () => openShop(fileSystem, { apply, version: 2, upcast }),
      "INVALID_RECORD",
    );
    const start =
      'Cannot use "shop/journal.jsonl": record 1 is of version 1, and upcast returns what is not a mutation: ';
    assert(error.message.startsWith(start), error.message);
    assert(error.message.includes(what), error.message);
  }
  assertEquals(seen, []);
});

test("StateManager.open() lets a codec say what a mutation of upcast may be", async () => {
  interface Add {
    by: bigint;
  }
  const fileSystem = new MemoryFileSystem();
  const options = {
    initial: { total: "0" },
    apply: (state: { total: string }, { by }: Add) => {
      state.total = `${BigInt(state.total) + by}`;
    },
    codec: {
      encode: ({ by }: Add) => `"${by}"`,
      decode: (text: string): Add => ({ by: BigInt(JSON.parse(text)) }),
    },
    fileSystem,
  };
  const older = await StateManager.open(DIR, options);
  await older.apply({ by: 5n });
  await older.close();
  const newer = await StateManager.open(DIR, {
    ...options,
    version: 2,
    upcast: (old) => ({ by: (old as Add).by * 100n }),
  });
  assertEquals(newer.state.total, "500");
  await newer.close();
});

test("StateManager.open() says that a schema has thrown, and for which record", async () => {
  const fileSystem = await shopWith({ mutations: 3 });
  const validate = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (): { value: Order } => {
        throw new Error("out of order");
      },
    },
  };
  const error = await assertCode(
    () => openShop(fileSystem, { validate }),
    "INVALID_RECORD",
  );
  assertEquals(error.sequence, 1);
  assert(error.message.includes("out of order"), error.message);
  const empty = await openShop(new MemoryFileSystem(), { validate });
  await assertCode(() => empty.apply("clear"), "INVALID_RECORD");
  await empty.close();
});

test("StateManager.open() says where a line is that codec.decode cannot read", async () => {
  const fileSystem = await shopWith({ mutations: 3 });
  const codec = {
    encode: (order: Order) => JSON.stringify(order),
    decode: (): Order => {
      throw new Error("not mine");
    },
  };
  const error = await assertCode(
    () => openShop(fileSystem, { codec }),
    "INVALID_RECORD",
  );
  assertEquals([error.path, error.line, error.sequence], [
    "shop/journal.jsonl",
    2,
    1,
  ]);
  assert(error.message.includes("not mine"), error.message);
});
