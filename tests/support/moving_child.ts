// deno-lint-ignore-file no-console
// Opens things by relative paths in a first directory, goes to a second one that has
// files of the same names, and goes on with what is open.
import process from "node:process";
import {
  MiniQueue,
  MiniStore,
  Outbox,
  SnapStore,
  StateManager,
} from "../../mod.ts";
import { COUNTER } from "./moving.ts";

const [first, second] = process.argv.slice(2);
process.chdir(first);
const store = await MiniStore.open("store.jsonl");
const state = await StateManager.open("state", COUNTER);
const queue = await MiniQueue.open("./queue");
const outbox = await Outbox.open(".//outbox", COUNTER);
const snapshots = new SnapStore("snapshots");
await snapshots.create({ at: "first" }, 1);
const follower = await StateManager.follow("state", {
  ...COUNTER,
  interval: Infinity,
});
const stream = MiniStore.stream("store.jsonl");
await store.append("before");
await store.rotate();
await store.append("between");
const seen = [(await stream.next()).value?.record];

process.chdir(second);
await store.append("after");
await store.rotate();
for await (const { record } of stream) seen.push(record);
await state.apply(1);
await state.compact();
await follower.catchUp();
await queue.enqueue("job");
await queue.compact();
await outbox.commit({ apply: [1] });
await outbox.queue.compact();
await snapshots.create({ at: "first, later" }, 2);
console.log(JSON.stringify([seen, follower.state.n]));
await follower.close();
for (const open of [store, state, queue, outbox]) await open.close();
