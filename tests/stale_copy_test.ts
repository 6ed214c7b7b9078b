import { assert, assertEquals } from "@std/assert";
import { MiniStore } from "../mod.ts";
import { type DiskImage, SimulatedFileSystem } from "../src/testing/mod.ts";
import { test } from "./support/harness.ts";

const PATH = "log/a.jsonl";

test("MiniStore.open() takes stale bytes of the log's own earlier copy for a torn tail, wherever they stand", async () => {
  const before = new SimulatedFileSystem();
  const killed = await MiniStore.open<string>(PATH, { fileSystem: before });
  await killed.append("first");
  // What was not closed is copied to new blocks; those of the old file are free.
  const fileSystem = before.clone();
  const store = await MiniStore.open<string>(PATH, { fileSystem });
  const disks: DiskImage[] = [];
  fileSystem.onOperation = ({ kind }) => {
    if (kind !== "dataSync" || disks.length > 0) return;
    const stale = fileSystem.crashStates({ data: ["D9"], sectorSize: 32 });
    for (const { image } of stale) disks.push(image);
  };
  await store.append("x".repeat(300));
  await store.close();
  await killed.close();
  assert(disks.length > 10, `${disks.length}`);
  for (const image of disks) {
    const disk = new SimulatedFileSystem({ image });
    const again = await MiniStore.open<string>(PATH, { fileSystem: disk });
    await again.close();
    const [first] = await MiniStore.replay<string>(PATH, { fileSystem: disk });
    assertEquals(first, "first");
  }
});
