// deno-lint-ignore-file no-console
// Opens whatever takes a lock in the directory of its argument, drops every
// reference to it, says when it was collected, and lives on until its input ends.
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  defaultFileSystem,
  type FileSystem,
  MiniQueue,
  MiniStore,
  Outbox,
  SnapStore,
  StateManager,
} from "../../mod.ts";

const [root] = process.argv.slice(2);
const native = await defaultFileSystem();
const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
if (!Bun) setFlagsFromString("--expose-gc");
const collect: () => void = Bun
  ? () => Bun.gc(true)
  : (globalThis as { gc?: () => void }).gc ?? runInNewContext("gc");

/** The file system with a call that never ends, and when it is made. */
function stalled(
  call: "rename" | "dataSync",
): { fileSystem: FileSystem; reached: Promise<void> } {
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const never = () => {
    resolve();
    return new Promise<never>(() => {});
  };
  const fileSystem = Object.create(native);
  if (call === "rename") {
    return {
      fileSystem: Object.assign(fileSystem, { rename: never }),
      reached,
    };
  }
  const open: FileSystem["open"] = async (path, options) => {
    const handle = await native.open(path, options);
    // Only the store itself opens its segment to write; what opening syncs is left.
    if (options.mode === "write") handle.dataSync = never;
    return handle;
  };
  return { fileSystem: Object.assign(fileSystem, { open }), reached };
}

const count = { initial: { n: 0 }, apply: (s: { n: number }) => void s.n++ };

/** Each opens something, and returns what is to be collected. */
const OPENERS: Record<string, (dir: string) => Promise<object>> = {
  store: (dir) => MiniStore.open(`${dir}/a.jsonl`),
  append: async (dir) => {
    const store = await MiniStore.open(`${dir}/a.jsonl`);
    void store.append("on its way");
    return store;
  },
  stalled: async (dir) => {
    const { fileSystem, reached } = stalled("dataSync");
    const store = await MiniStore.open(`${dir}/a.jsonl`, { fileSystem });
    void store.append("never synced");
    await reached;
    return store;
  },
  state: (dir) => StateManager.open(dir, count),
  queue: (dir) => MiniQueue.open(dir),
  outbox: (dir) => Outbox.open(dir, count),
  snapshot: async (dir) => {
    const { fileSystem, reached } = stalled("rename");
    const store = new SnapStore(dir, { fileSystem });
    void store.create({ a: 1 }, 1);
    await reached;
    return store;
  },
};

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

for (const [kind, open] of Object.entries(OPENERS)) {
  let isGone = false;
  const registry = new FinalizationRegistry(() => isGone = true);
  const drop = async () => registry.register(await open(`${root}/${kind}`), "");
  await drop();
  for (let n = 0; n < 200 && !isGone; n++) {
    await turn();
    collect();
  }
  // What only the store has referenced goes with it, or after it.
  for (let n = 0; n < 5; n++) {
    await turn();
    collect();
  }
  console.log(`${kind} ${isGone ? "collected" : "kept"}`);
}
console.log("done");
process.stdin.resume();
await new Promise((resolve) => process.stdin.on("end", resolve));
process.exit();
