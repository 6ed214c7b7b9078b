// deno-lint-ignore-file no-console
// Begins to read a log or a state many times and drops the iterators, collects
// garbage, and prints how many files were open before, meanwhile, and at last.
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { MiniStore, StateManager } from "../../mod.ts";

const COUNT = 50;
const ROUNDS = 100;
const [what, directory] = process.argv.slice(2);

interface Collector {
  readonly gc?: () => void;
  readonly Bun?: { gc(isSync: boolean): void };
}

const { gc, Bun } = globalThis as Collector;
const collect = gc ?? (() => Bun?.gc(true));

const manager = what === "changes"
  ? await StateManager.open(directory, {
    initial: { total: 0 },
    apply: (state, by: number) => void (state.total += by),
  })
  : undefined;

function begin(): AsyncGenerator<unknown> {
  return manager?.changes({ from: 1 }) ??
    MiniStore.stream(`${directory}/journal.jsonl`);
}

/** How many files of the directory are open. */
function open(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
    } catch {
      return false; // it was that of the listing itself
    }
  }).length;
}

const before = open();
const kept: AsyncGenerator<unknown>[] = [];
for (let n = 0; n < COUNT; n++) {
  const reader = begin();
  const { done } = await reader.next();
  if (done) throw new Error("There is nothing to read");
  kept.push(reader);
}
const begun = open();
// What the loop leaves at once must not count.
for await (const _ of begin()) break;
const left = open() - begun;
kept.length = 0;
let after = begun;
for (let round = 0; round < ROUNDS && after > before; round++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 0));
  after = open();
}
console.log(
  JSON.stringify({ begun: begun - before, left, after: after - before }),
);
await manager?.close();
