import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MiniStore, type ReplayOptions, StateManager } from "../mod.ts";
import { adapters } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { writeFile } from "./support/text.ts";

const STATE = {
  initial: { total: 0 },
  apply: (state: { total: number }, by: number) => void (state.total += by),
};

for (const adapter of adapters) {
  test(`MiniStore.replay() and stream() refuse a log that is not there with mustExist, and only then (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      for (const path of [`${dir}/typo`, `${dir}/typo/a.jsonl`]) {
        const options = { fileSystem, mustExist: true };
        for (
          const read of [
            () => MiniStore.replay(path, options),
            () => MiniStore.stream(path, options).next(),
            () => MiniStore.stream(path, { ...options, from: 3 }).next(),
          ]
        ) {
          const error = await assertCode(read, "NOT_FOUND");
          assertEquals(error.path, path);
          assert(error.message.includes(path), error.message);
        }
        assertEquals(await MiniStore.replay(path, { fileSystem }), []);
        const { done } = await MiniStore.stream(path, { fileSystem }).next();
        assertEquals(done, true);
      }
      assertEquals(await fileSystem.readDir(dir), []);
    }));

  test(`MiniStore.replay() takes a log without records with mustExist (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const options = { fileSystem, mustExist: true };
      const store = await MiniStore.open(`${dir}/a`, { fileSystem });
      assertEquals(await MiniStore.replay(`${dir}/a`, options), []);
      await store.append(1);
      await store.close();
      assertEquals(await MiniStore.replay(`${dir}/a`, options), [1]);
      await writeFile(fileSystem, `${dir}/b`, ""); // as mini-rs begins a file
      assertEquals(await MiniStore.replay(`${dir}/b`, options), []);
      // A file beside it that is no part of it does not make it a log.
      await writeFile(fileSystem, `${dir}/c.lock`, "");
      await assertCode(
        () => MiniStore.replay(`${dir}/c`, options),
        "NOT_FOUND",
      );
    }));

  test(`StateManager.follow() waits for a log that is not there, unless it mustExist (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const options = { ...STATE, fileSystem, interval: Infinity };
      const must = { ...options, mustExist: true };
      await assertCode(() => StateManager.follow(dir, must), "NOT_FOUND");
      const follower = await StateManager.follow(dir, options);
      const manager = await StateManager.open(dir, { ...STATE, fileSystem });
      await manager.apply(5);
      assertEquals(await follower.catchUp(), 1);
      const other = await StateManager.follow(dir, must);
      assertEquals(other.state.total, 5);
      for (const one of [follower, other, manager]) await one.close();
    }));
}

test("MiniStore.replay() and verify() refuse options that they do not have", async () => {
  const options = { mustExist: true, from: 2 } as ReplayOptions;
  await assertRejects(() => MiniStore.replay("a", options), TypeError, "from");
  await assertRejects(
    () => MiniStore.verify("a", { mustExist: true } as ReplayOptions),
    TypeError,
    "mustExist",
  );
  for (const mustExist of [1, "yes", null]) {
    const odd = { mustExist } as unknown as ReplayOptions;
    await assertRejects(
      () => MiniStore.replay("a", odd),
      TypeError,
      "mustExist",
    );
    assertThrows(() => MiniStore.stream("a", odd), TypeError, "mustExist");
  }
});
