import { assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniStore, StateManager } from "../mod.ts";
import { test } from "./support/harness.ts";

// What V8 reads of a key depends on the keys that it has read before.
const RECORDS = [{ key: [], "\\": 0 }, { key: 1, '"': 2 }, { key: 3, "\n": 4 }];

test("MiniStore.replay() gives back keys that are written with escapes", async () => {
  const fileSystem = new MemoryFileSystem();
  const store = await MiniStore.open<unknown>("a.jsonl", { fileSystem });
  for (const record of RECORDS) await store.append(record);
  await store.close();
  const replayed = await MiniStore.replay("a.jsonl", { fileSystem });
  assertEquals(JSON.stringify(replayed), JSON.stringify(RECORDS));
});

test("StateManager gives back keys that are written with escapes, from log and snapshot", async () => {
  const options = {
    initial: { all: [] as unknown[] },
    apply: (state: { all: unknown[] }, record: unknown) => {
      state.all.push(record);
    },
    fileSystem: new MemoryFileSystem(),
  };
  for (let round = 0; round < 3; round++) {
    const state = await StateManager.open("s", options);
    if (round === 0) {
      for (const record of RECORDS) await state.apply(record);
    }
    assertEquals(JSON.stringify(state.snapshot().all), JSON.stringify(RECORDS));
    if (round === 1) await state.compact();
    await state.close();
  }
});
