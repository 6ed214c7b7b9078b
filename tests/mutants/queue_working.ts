/** Mutants of `process`, of the end of work, and of what waits for it. */

import type { Mutant } from "./mutant.ts";

const WORK = "src/queue/work.ts";
const MINI_QUEUE = "src/queue/mini_queue.ts";
const DEAD_LETTERS = "src/queue/dead_letters.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "failing-handler-acknowledges",
    breaks: "Q1",
    file: WORK,
    from: "? settleFailed(message, failure.error)",
    to: "? message.ack()",
    likely: "work",
  },
  {
    name: "acknowledged-while-the-handler-runs",
    breaks: "Q1",
    file: WORK,
    from: "if (isPromise(result)) await this.#hold(message, result);",
    to: "if (isPromise(result)) result.then(() => {}, () => {});",
    likely: "work",
  },
  {
    name: "lease-not-extended-for-a-handler",
    breaks: "Q4",
    file: WORK,
    from:
      "message.extend(visibilityTimeout).then(arm, () => {}); // its signal tells",
    to: "",
    likely: "work_end",
  },
  {
    name: "lease-extended-once-for-a-handler",
    breaks: "Q4",
    file: WORK,
    from: "message.extend(visibilityTimeout).then(arm, () => {});",
    to: "message.extend(visibilityTimeout).then(() => {}, () => {});",
    likely: "work_end",
  },
  {
    name: "handler-waited-for-behind-its-lease",
    breaks: "Q4",
    file: WORK,
    from: "await Promise.race([result, lost.promise]);",
    to: "await result;",
    likely: "work_end",
  },
  {
    name: "process-ends-before-all-is-settled",
    breaks: "Q2",
    file: WORK,
    from: "    await last;\n",
    to: "",
    likely: "work_end",
  },
  {
    name: "process-ends-before-its-handlers",
    breaks: "Q2",
    file: WORK,
    from:
      'const ends = await Promise.allSettled(loops);\n    await reports.done();\n    for (const end of ends) if (end.status === "rejected") throw end.reason;',
    to: "await Promise.all(loops);\n    await reports.done();",
    likely: "work_end",
  },
  {
    name: "process-ends-at-a-damaged-payload",
    breaks: "Q1",
    file: WORK,
    from: 'if (code !== "CORRUPT") throw error;',
    to: "throw error;",
    likely: "payload_damage",
  },
  {
    name: "retry-after-costs-an-attempt",
    breaks: "Q3",
    file: WORK,
    from: "return await message.release(verdict.delay);",
    to: "return await message.retry({ delay: verdict.delay });",
    likely: "work_errors",
  },
  {
    name: "dead-letter-of-a-handler-tried-again",
    breaks: "Q3",
    file: WORK,
    from: "  if (verdict) return await message.fail(verdict.reason);\n",
    to: "",
    likely: "work_errors",
  },
  {
    name: "idle-tells-of-what-is-on-its-way",
    breaks: "M2",
    file: MINI_QUEUE,
    from: "commits.newest.then(() => this.#tellIdle(), waiting.reject);",
    to: "this.#tellIdle();",
    likely: "consumers_end",
  },
  {
    name: "purge-of-what-is-not-dead",
    breaks: "Q1",
    file: DEAD_LETTERS,
    from: "some.filter((number) => core.lookDead(number))",
    to: "some",
    likely: "dead_letters",
  },
];
