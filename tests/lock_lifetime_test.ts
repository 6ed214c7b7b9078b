import { assertEquals } from "@std/assert";
import { MiniStore, SnapStore } from "../mod.ts";
import { test, withDirectory } from "./support/harness.ts";
import { Child, RUNTIMES } from "./support/processes.ts";

const JOURNALS = {
  store: "a.jsonl",
  append: "a.jsonl",
  stalled: "a.jsonl",
  state: "journal.jsonl",
  queue: "queue.jsonl",
  outbox: "queue.jsonl",
};

/** Takes the lock of one of them, and releases it. */
async function attempt(kind: string, dir: string): Promise<string> {
  if (kind === "snapshot") {
    await new SnapStore(`${dir}/snapshot`).create({}, 2);
  } else {
    const name = JOURNALS[kind as keyof typeof JOURNALS];
    await (await MiniStore.open(`${dir}/${kind}/${name}`)).close();
  }
  return "open";
}

for (const holder of RUNTIMES) {
  test(`FileLock stays held on ${holder} when the program has dropped what took it, and it was collected`, () =>
    withDirectory(async (dir) => {
      await using child = new Child(holder, "dropping_child.ts", dir, [dir]);
      const lines: string[] = [];
      for (let line = ""; line !== "done"; lines.push(line)) {
        line = await child.line();
      }
      const kinds = [...Object.keys(JOURNALS), "snapshot"];
      assertEquals(lines, [
        ...kinds.map((kind) => `${kind} collected`),
        "done",
      ]);
      const outcomes: string[] = [];
      for (const kind of kinds) {
        const outcome = await attempt(kind, dir).catch(({ code }) => code);
        outcomes.push(`${kind} ${outcome}`);
      }
      assertEquals(outcomes, kinds.map((kind) => `${kind} LOCKED`));

      await child.kill();
      for (const kind of kinds) assertEquals(await attempt(kind, dir), "open");
    }));
}
