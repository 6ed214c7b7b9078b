import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type FileSystem,
  MemoryFileSystem,
  MiniQueue,
  MiniStore,
  Outbox,
  type Recovery,
  StateManager,
  type StateRecovery,
} from "../mod.ts";
import { SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";
import { readBytes, readText, writeFile } from "./support/text.ts";

/** What was opened, of any kind. */
interface Opened {
  readonly recovery: Recovery | StateRecovery;
  /** Writes to it. */
  write(): Promise<unknown>;
  /** Makes a snapshot, such that the log still has everything. */
  snapshot?(): Promise<unknown>;
  close(): Promise<void>;
}

type OnRecovery = (recovery: Recovery | StateRecovery) => unknown;
type Open = (
  fileSystem: FileSystem,
  onRecovery?: OnRecovery,
) => Promise<Opened>;

const STATE = { initial: { n: 0 }, apply: (s: { n: number }) => void s.n++ };

/** The log of each kind, and how it is opened. */
const KINDS: Record<string, [log: string, open: Open]> = {
  MiniStore: ["d/a.jsonl", async (fileSystem, onRecovery) => {
    const store = await MiniStore.open("d/a.jsonl", { fileSystem, onRecovery });
    return {
      recovery: store.recovery,
      write: () => store.append("a"),
      close: () => store.close(),
    };
  }],
  StateManager: ["d/journal.jsonl", async (fileSystem, onRecovery) => {
    const options = { ...STATE, fileSystem, onRecovery };
    const state = await StateManager.open("d", options);
    return {
      recovery: state.recovery,
      write: () => state.apply(1 as never),
      snapshot: () => state.createSnapshot(),
      close: () => state.close(),
    };
  }],
  MiniQueue: ["d/queue.jsonl", async (fileSystem, onRecovery) => {
    const queue = await MiniQueue.open("d", { fileSystem, onRecovery });
    return {
      recovery: queue.recovery,
      write: () => queue.enqueue("a"),
      snapshot: () => queue.compact(),
      close: () => queue.close(),
    };
  }],
  Outbox: ["d/queue.jsonl", async (fileSystem, onRecovery) => {
    const options = { ...STATE, onRecovery, queue: { fileSystem } };
    const outbox = await Outbox.open("d", options);
    return {
      recovery: outbox.recovery,
      write: () => outbox.commit({ enqueue: [{ payload: "a" }] }),
      snapshot: () => outbox.queue.compact(),
      close: () => outbox.close(),
    };
  }],
};

/** Writes to a new one, and closes it. */
async function write(open: Open, fileSystem: FileSystem): Promise<void> {
  const opened = await open(fileSystem);
  await opened.write();
  await opened.snapshot?.();
  await opened.close();
}

/** Ends a log with half a record. */
async function tear(fileSystem: FileSystem, log: string): Promise<void> {
  const bytes = await readBytes(fileSystem, log);
  const half = new TextEncoder().encode('"half a rec');
  await writeFile(fileSystem, log, new Uint8Array([...bytes, ...half]));
}

function logOf(recovery: Recovery | StateRecovery): Recovery {
  return "log" in recovery ? recovery.log : recovery;
}

for (const [name, [log, open]] of Object.entries(KINDS)) {
  test(`${name}.open() calls onRecovery once with a torn tail that was cut off, before it resolves`, async () => {
    const fileSystem = new MemoryFileSystem();
    await write(open, fileSystem);
    await tear(fileSystem, log);
    const told: (Recovery | StateRecovery)[] = [];
    let isDone = false;
    const opened = await open(fileSystem, async (recovery) => {
      told.push(recovery);
      await new Promise((resolve) => setTimeout(resolve, 0));
      isDone = true;
    });
    assert(isDone, "it was not waited for");
    assertEquals(told, [opened.recovery]);
    const { torn } = logOf(told[0]);
    assertEquals(torn?.bytes, 11);
    assertEquals(await readText(fileSystem, torn?.keptAs ?? ""), '"half a rec');
    await opened.close();
  });

  test(`${name}.open() does not call onRecovery if nothing was cut off or passed over`, async () => {
    const fileSystem = new SimulatedFileSystem();
    const never = () => {
      throw new Error("there is nothing to tell");
    };
    await (await open(fileSystem, never)).close(); // a new one
    await write(open, fileSystem);
    const killed = await open(fileSystem, never);
    assert(logOf(killed.recovery).closed);
    await killed.write();
    fileSystem.restart(); // as kill -9 does: it was not closed
    const opened = await open(fileSystem, never);
    assert(!logOf(opened.recovery).closed);
    await opened.close();
  });

  test(`${name}.open() rejects with what onRecovery throws, and lets everything go`, async () => {
    for (const isAsync of [false, true]) {
      const fileSystem = new MemoryFileSystem();
      await write(open, fileSystem);
      await tear(fileSystem, log);
      const fail = () => {
        const error = new Error("no log to write that to");
        if (isAsync) return Promise.reject(error);
        throw error;
      };
      await assertRejects(() => open(fileSystem, fail), Error, "no log to");
      assertEquals(await fileSystem.stat(`${log}.open`), undefined);
      const again = await open(fileSystem, fail); // it gets the lock
      assert(logOf(again.recovery).closed, "it was left open");
      await again.close();
    }
  });

  test(`${name}.open() refuses an onRecovery that is not a function, and makes no file`, async () => {
    const fileSystem = new MemoryFileSystem();
    await assertRejects(
      () => open(fileSystem, "log" as never),
      TypeError,
      "Cannot use the option onRecovery: it is not a function",
    );
    assertEquals(await fileSystem.stat("d"), undefined);
  });

  if (name === "MiniStore") continue; // it has no snapshots
  test(`${name}.open() calls onRecovery with the damage of a snapshot that was not used`, async () => {
    const fileSystem = new MemoryFileSystem();
    await write(open, fileSystem);
    const bytes = await readBytes(fileSystem, "d/snapshot.json");
    bytes[5] ^= 1;
    await writeFile(fileSystem, "d/snapshot.json", bytes);
    for (let time = 1; time <= 2; time++) {
      const told: (Recovery | StateRecovery)[] = [];
      const opened = await open(fileSystem, (recovery) => told.push(recovery));
      assertEquals(told, [opened.recovery]); // it is there the next time, too
      const { damage } = told[0] as StateRecovery;
      assertEquals([damage?.code, damage?.path], [
        "CORRUPT",
        "d/snapshot.json",
      ]);
      await opened.close();
    }
  });
}

test("Outbox.open() refuses an onRecovery among the options of its queue, and makes no file", async () => {
  const fileSystem = new MemoryFileSystem();
  const queue = { fileSystem, onRecovery: () => {} };
  await assertRejects(
    () => Outbox.open("d", { ...STATE, queue }),
    TypeError,
    "Cannot use the option queue.onRecovery",
  );
  assertEquals(await fileSystem.stat("d"), undefined);
});
