/** Which commits become durable together, and so share a state in memory. */

import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { GROUP_LENGTH } from "../src/wal/group.ts";
import { openForWriting } from "../src/wal/log.ts";
import { FaultyFileSystem } from "./support/faulty_file_system.ts";
import { test } from "./support/harness.ts";
import {
  awaited,
  type Body,
  large,
  run,
  slotOf,
  type Tables,
  versionOf,
} from "./support/tables.ts";

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

test("Tree.change() of several mutations, or of a group, makes one version", () => {
  const tree = awaited();
  const bump: Body = ({ t }) => void t.k1++;
  tree.change(2, run, [bump, bump]);
  const version = versionOf(tree);
  assertEquals(slotOf(tree, "k1").older?.older, undefined);
  tree.change(4, run, [bump, bump], true);
  assert(versionOf(tree) === version);
  assertEquals([version.shown.k1, version.tick], [5, 1]);
  assertEquals(slotOf(tree, "k1").older?.older, undefined);
  tree.change(5, run, [bump]);
  assert(versionOf(tree) !== version);
});

test("Tree.change() of a state that is spread into a new one leaves its tables in place", () => {
  const tree = awaited();
  tree.change(1, (state) => ({ ...state, v: { n: 1 } }), [0]);
  const bump: Body = ({ t }) => void t.k1++;
  tree.change(2, run, [bump]);
  const version = versionOf(tree);
  tree.change(3, run, [bump], true);
  assert(versionOf(tree) === version);
  tree.change(3, (state) => void (state.w = state.v), [0]);
  tree.change(3, run, [bump], true);
  const joined = versionOf(tree);
  tree.change(3, run, [bump], true);
  assert(versionOf(tree) === joined);
  tree.change(4, ({ t, ...state }) => ({ ...state, u: t }), [0]);
  tree.change(5, ({ u }) => void u.k1++, [0]);
  assertEquals([version.shown.k1, joined.shown.k1], [3, 5]);
  assertEquals((tree.newestRoot as Tables).u.k1, 6);
});

test("Tree.change() of a table that was stored a second time within its group changes one place", () => {
  const tree = awaited();
  const bump: Body = ({ t }) => void t.k1++;
  tree.change(1, run, [bump]);
  tree.change(2, (state) => void (state.u = state.t), [0], true);
  tree.change(3, run, [bump], true);
  const { t, u } = tree.newestRoot as Tables;
  assertEquals([t.k1, u.k1], [3, 2]);
});
