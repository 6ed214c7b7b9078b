import { assert, assertEquals } from "@std/assert";
import { stat } from "node:fs/promises";
import { MiniStore } from "../mod.ts";
import { adapters, onDisk } from "./support/adapters.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";
import { Child, RUNTIMES } from "./support/processes.ts";

for (const holder of RUNTIMES) {
  test(`MiniStore.open() is refused to every runtime while ${holder} holds the log`, () =>
    onDisk.with(async (fileSystem, dir) => {
      const path = `${dir}/a.jsonl`;
      const held = new Child(holder, "holder_child.ts", dir, [path]);
      assertEquals(await held.line(), "open");
      const seconds = RUNTIMES.map((runtime) =>
        new Child(runtime, "holder_child.ts", dir, [path])
      );
      for (const second of seconds) {
        const line = await second.line();
        assert(
          /^LOCKED Cannot lock ".*": it is held by process \d+ \(.*\); close what has it open there, or end that process, and try again$/
            .test(line),
          line,
        );
        assert(line.includes(`(${holder} `), line);
        await second.end();
      }
      await assertCode(() => MiniStore.open(path, { fileSystem }), "LOCKED");
      assertEquals(await held.end(), ["closed"]);
      await (await MiniStore.open(path, { fileSystem })).close();
      assertEquals((await stat(`${path}.lock`)).size, 0);
    }));

  test(`MiniStore.open() needs no cleaning after ${holder} was killed with SIGKILL`, () =>
    onDisk.with(async (fileSystem, dir) => {
      const path = `${dir}/a.jsonl`;
      const held = new Child(holder, "holder_child.ts", dir, [path]);
      assertEquals(await held.line(), "open");
      await assertCode(() => MiniStore.open(path, { fileSystem }), "LOCKED");
      await held.kill();
      const store = await MiniStore.open(path, { fileSystem });
      assertEquals(store.recovery.closed, false);
      await store.close();
      const after = new Child(holder, "holder_child.ts", dir, [path]);
      assertEquals(await after.line(), "open");
      assertEquals(await after.end(), ["closed"]);
    }));

  test(`MiniStore keeps what ${holder} acknowledged before it was killed in mid-write`, () =>
    onDisk.with(async (fileSystem, dir) => {
      const path = `${dir}/a.jsonl`;
      const acknowledged = new Map<number, string>();
      for (const count of [1, 40, 333]) {
        const writer = new Child(holder, "writer_child.ts", dir, [path]);
        assert((await writer.line()).startsWith("open "));
        const lines: string[] = [];
        while (lines.length < count) lines.push(await writer.line());
        lines.push(...await writer.kill());
        for (const line of lines) {
          const [sequence, record] = line.split(/ (.*)/);
          acknowledged.set(Number(sequence), record);
        }
        await (await MiniStore.open(path, { fileSystem })).close();
      }
      const found = new Map<number, string>();
      for await (
        const { sequence, record } of MiniStore.stream<
          { writer: number; n: number }
        >(path, { fileSystem })
      ) {
        found.set(sequence, `${record.writer} ${record.n}`);
      }
      for (const [sequence, record] of acknowledged) {
        assertEquals(found.get(sequence), record);
      }
      assertEquals((await MiniStore.verify(path, { fileSystem })).ok, true);
    }));
}

for (const adapter of adapters.filter(({ onDisk }) => onDisk)) {
  test(`MiniStore.open() that is refused leaves the lock to the store that has it (${adapter.name})`, () =>
    adapter.with(async (fileSystem, dir) => {
      const path = `${dir}/a.jsonl`;
      const store = await MiniStore.open(path, { fileSystem });
      // On POSIX, a descriptor of the lock file that this process closes would end it.
      await assertCode(() => MiniStore.open(path, { fileSystem }), "LOCKED");
      for (const runtime of RUNTIMES) {
        await using second = new Child(runtime, "holder_child.ts", dir, [path]);
        const line = await second.line();
        assert(line.startsWith("LOCKED "), `${runtime}: ${line}`);
      }
      await store.close();
    }));
}
