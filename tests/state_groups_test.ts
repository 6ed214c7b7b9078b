/** Which commits become durable together, and so share a state in memory. */

import { assertEquals } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { GROUP_LENGTH } from "../src/wal/group.ts";
import { openForWriting } from "../src/wal/log.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";

/** An object that becomes a table. */
function large(): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`k${n}`, n]));
}

test("Writer.joinsGroup says whether the next append is acknowledged with the last one", async () => {
  const fileSystem = new MemoryFileSystem();
  const { writer, close } = await openForWriting({ fileSystem, path: "a" }, {
    format: "v0.2",
    schema: 1,
    maxSegmentBytes: Infinity,
    retain: Infinity,
  });
  const joins: boolean[] = [];
  const groups: number[] = [];
  const submit = (text: string) =>
    new Promise<void>((resolve, reject) => {
      joins.push(writer.joinsGroup);
      writer.submit({
        texts: text,
        resolve: () => {
          groups.push(writer.sequence);
          resolve();
        },
        reject,
      });
    });
  const big = JSON.stringify("x".repeat(GROUP_LENGTH));
  const done = [
    submit("1"),
    submit("2"),
    submit(big),
    submit("4"),
    submit("5"),
  ];
  const rotated = writer.rotate();
  done.push(submit("6"), submit("7"));
  await Promise.all([...done, rotated]);
  done.push(submit("8"), submit("9"));
  await Promise.all(done);
  assertEquals(joins, [
    false,
    true,
    true,
    false,
    true,
    false,
    true,
    false,
    true,
  ]);
  assertEquals(groups, [3, 3, 3, 5, 5, 7, 7, 9, 9]);
  await close();
});

test("StateManager.state never shows a commit of the next group", async () => {
  const fileSystem = new FaultyFileSystem(new MemoryFileSystem());
  const initial = { t: large() };
  const apply = ({ t }: typeof initial, by: number | string) =>
    void (t.k0 += typeof by === "string" ? by.length : by);
  const manager = await StateManager.open("d", { initial, apply, fileSystem });
  const pending: Promise<unknown>[] = [];
  const seen: number[] = [];
  const submit = (by: number | string) =>
    pending.push(manager.apply(by).then(() => seen.push(manager.state.t.k0)));
  fileSystem.onCall = ({ kind }) => {
    if (kind === "dataSync" && pending.length === 1) submit(10);
  };
  submit(1);
  while (pending.length < 2) await null;
  await Promise.all(pending);
  assertEquals(seen, [1, 11]);
  fileSystem.onCall = () => {};
  submit("x".repeat(GROUP_LENGTH));
  submit(1);
  await Promise.all(pending);
  assertEquals(seen.slice(2), [11 + GROUP_LENGTH, 12 + GROUP_LENGTH]);
  await manager.close();
});
