import { assertEquals } from "@std/assert";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { Child } from "./support/processes.ts";

/** A child that should have ended by itself long ago is killed, so that the test ends too. */
const TOO_LONG = 60_000;

/** Runs a program that waits; gives what it has printed, and what it has ended with. */
function run(
  mode: string,
  onLine: (line: string, child: Child) => void = () => {},
): Promise<[lines: string[], status: unknown]> {
  return withDirectory(async (directory) => {
    const child = new Child(runtime, "waiting_child.ts", directory, [
      mode,
      directory,
    ]);
    const tooLong = setTimeout(() => child.signal("SIGKILL"), TOO_LONG);
    try {
      const lines: string[] = [];
      if (onLine.length > 0) {
        lines.push(await child.line());
        onLine(lines[0], child);
      }
      lines.push(...await child.end());
      return [lines, child.status];
    } finally {
      clearTimeout(tooLong);
    }
  });
}

/** Runs programs, a few at a time. */
async function runAll(modes: readonly string[]): Promise<unknown> {
  const results: unknown[] = [];
  let next = 0;
  const work = async () => {
    while (next < modes.length) {
      const n = next++;
      const [lines, status] = await run(modes[n]);
      results[n] = [lines.sort(), status];
    }
  };
  await Promise.all([work(), work(), work()]);
  return byMode(modes, results);
}

function byMode(modes: readonly string[], results: readonly unknown[]) {
  return Object.fromEntries(modes.map((mode, n) => [mode, results[n]]));
}

/** What a program prints that waits for what comes later, with nothing else to do. */
const WAITING: Record<string, readonly string[]> = {
  "process, ended by its signal": ["worked on a"],
  "process, ended by close()": [],
  "process with a handler that waits for nothing that holds the program": [],
  "process, until idle": [
    "a, attempt 1",
    "a, attempt 2",
    "b, attempt 1",
    "b, attempt 2",
    "left 0",
  ],
  "dequeue": ["got a"],
  "dequeue, for what is due later": ["got a"],
  "dequeue, ended by its signal": ["enough"],
  "dequeue, of a queue that is paused": ["got a"],
  "dequeue, of an outbox": ["got a"],
  "iteration": ["got a"],
  "idle": [],
  "changes": ["1: 5"],
  "follow": ["saw 5"],
};

test("A program that waits stays alive until it has what it waits for, and then ends", async () => {
  const modes = Object.keys(WAITING);
  const expected = modes.map((mode) => [[...WAITING[mode], "end"].sort(), 0]);
  assertEquals(await runAll(modes), byMode(modes, expected));
});

test("MiniQueue.process() keeps the program alive until another process ends it with SIGTERM", async () => {
  const [lines, status] = await run(
    "process, ended by SIGTERM",
    (_, child) => child.signal("SIGTERM"),
  );
  assertEquals([lines, status], [["waits", "stopped", "end"], 0]);
});

/** What waits without keeping a program alive. */
const FREE = [
  "process",
  "process, until idle",
  "process, of a message that is due later",
  "process, with a handler that never ends",
  "dequeue",
  "dequeue, of a message that is due later",
  "dequeue, of a queue that is paused",
  "the signal of a message",
  "idle",
  "changes",
  "follow",
].map((mode) => `without ref: ${mode}`);

test("A program ends when nothing waits but what has ref: false, though there is a message that is due later", async () => {
  const expected = FREE.map(() => [["end"], 0]);
  assertEquals(await runAll(FREE), byMode(FREE, expected));
});

/** What each runtime does with a program whose last line awaits what holds nothing; Bun goes on for ever. */
const UNSETTLED = { node: 13, deno: 1, bun: undefined }[runtime];

if (UNSETTLED !== undefined) {
  test("A program that awaits, at its top level, what has ref: false ends as one that awaits what cannot come", async () => {
    const mode = "await a process that holds nothing";
    assertEquals(await run(mode), [[], UNSETTLED]);
  });
}
