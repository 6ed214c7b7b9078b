import { assertEquals } from "@std/assert";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { Child } from "./support/processes.ts";

/** A child that should have ended long ago by itself is killed, so that the test ends too. */
const TOO_LONG = 90_000;

/** Runs a program that waits; gives what it has printed, and what it has ended with. */
function run(
  command: string,
  use: (child: Child) => Promise<string[]> = (child) => child.end(),
): Promise<[lines: string[], status: unknown]> {
  return withDirectory(async (directory) => {
    const args = [command, directory];
    const child = new Child(runtime, "waiting_child.ts", directory, args);
    const tooLong = setTimeout(() => child.signal("SIGKILL"), TOO_LONG);
    try {
      return [await use(child), child.status];
    } finally {
      clearTimeout(tooLong);
    }
  });
}

test("A program that waits stays alive until it has what it waits for, and then ends", async () => {
  assertEquals(await run("wait"), [[
    "process, ended by its signal",
    "worked on a",
    "process, ended by close()",
    "process, with a handler that waits for nothing that holds the program",
    "process, until idle",
    "a, attempt 1",
    "a, attempt 2",
    "b, attempt 1",
    "b, attempt 2",
    "left 0",
    "dequeue",
    "got a",
    "dequeue, by a clock of the program's own",
    "got a",
    "dequeue, for what is due later",
    "got a",
    "dequeue, ended by its signal",
    "enough",
    "dequeue, of a queue that is paused",
    "got a",
    "dequeue, of an outbox",
    "got a",
    "iteration",
    "got a",
    "idle",
    "changes",
    "1: 5",
    "follow",
    "saw 5",
    "end",
  ], 0]);
});

test("MiniQueue.process() keeps the program alive until another process ends it with SIGTERM", async () => {
  const result = await run("sigterm", async (child) => {
    const line = await child.line();
    child.signal("SIGTERM");
    return [line, ...await child.end()];
  });
  assertEquals(result, [["waits", "end"], 0]);
});

test("MiniQueue that a caller waits for is not collected, and keeps its lock, though the program has dropped it", async () => {
  assertEquals(await run("collect"), [["LOCKED"], 0]);
});

test("A program ends when nothing waits but what has ref: false, though there are messages that are due later", async () => {
  assertEquals(await run("begin"), [[
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
    "end",
  ], 0]);
});

/** What each runtime ends with if its last line awaits what cannot come; Bun never ends. */
const UNSETTLED = { node: 13, deno: 1, bun: undefined }[runtime];

if (UNSETTLED !== undefined) {
  test(`A program that awaits, at its top level, what has ref: false ends with exit code ${UNSETTLED}`, async () => {
    assertEquals(await run("await"), [[], UNSETTLED]);
  });
}
