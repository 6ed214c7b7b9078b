/** Mutants of who is told of changes, and who follows. */

import type { Mutant } from "./mutant.ts";

const FEED = "src/state/feed.ts";
const FOLLOWER = "src/state/follower.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "change-told-twice",
    breaks: "M1",
    file: FEED,
    from: "            next = change.sequence + 1;\n",
    to: "            next = change.sequence;\n",
    likely: "feed",
  },
  {
    name: "change-missed-by-a-slow-reader",
    breaks: "M1",
    file: FEED,
    from: "if (follower.waiting[0]?.sequence === next) {",
    to: "if (follower.waiting[0]?.sequence >= next) {",
    likely: "feed",
  },
  {
    name: "slow-reader-kept-in-memory",
    breaks: "M5",
    file: FEED,
    from:
      "      if (follower.waiting.length === MAX_WAITING) follower.waiting = [];\n",
    to: "",
    likely: "state_readers",
  },
  {
    name: "listener-stops-the-others",
    breaks: "M3",
    file: FEED,
    from:
      "        call(change);\n      } catch (error) {\n        queueMicrotask(() => {\n          throw error;\n        });\n",
    to:
      "        call(change);\n      } catch (error) {\n        throw error;\n",
    likely: "state_readers",
  },
  {
    name: "listener-added-while-told",
    breaks: "M1",
    file: FEED,
    from: "of [...this.#listeners]) {",
    to: "of this.#listeners) {",
    likely: "state_readers",
  },
  {
    name: "changes-end-without-their-error",
    breaks: "M3",
    file: FEED,
    from:
      "          if (this.#end.error !== undefined) throw this.#end.error;\n",
    to: "",
    likely: "feed",
  },
  {
    name: "aborted-reader-not-woken",
    breaks: "M3",
    file: FEED,
    from: '    signal?.addEventListener("abort", onAbort);\n',
    to: "",
    likely: "feed",
  },
  {
    name: "reader-not-forgotten",
    breaks: "M5",
    file: FEED,
    from: "      this.#followers.delete(follower);\n",
    to: "",
    likely: "state_readers",
  },
  {
    name: "follower-stops-at-a-compaction",
    breaks: "M5",
    file: FOLLOWER,
    from: 'if ((error as DurableError).code !== "TRUNCATED") throw error;',
    to: 'if ((error as DurableError).code !== "LOCKED") throw error;',
    likely: "follower",
  },
  {
    name: "follower-goes-back",
    breaks: "M1",
    file: FOLLOWER,
    from: "if (sequence > this.sequence) {",
    to: "if (sequence >= 0) {",
    likely: "state_readers",
  },
  {
    name: "follower-jumps-without-a-word",
    breaks: "M1",
    file: FOLLOWER,
    from: "      this.#feed.publish({ sequence, mutation: undefined });\n",
    to: "",
    likely: "follower",
  },
  {
    name: "follower-reads-twice-at-once",
    breaks: "M1",
    file: FOLLOWER,
    from: "    this.#waiting ??= this.#looking.then(() => {",
    to: "    this.#waiting = Promise.resolve().then(() => {",
    likely: "state_readers",
  },
  {
    name: "follower-keeps-its-timer",
    breaks: "L3",
    file: FOLLOWER,
    from: "    this.#stopWaiting();\n",
    to: "",
    likely: "state_readers",
  },
  {
    name: "follower-takes-a-newer-version",
    breaks: "M1",
    file: FOLLOWER,
    from: "maxSchema: version }, sequence + 1)",
    to: "maxSchema: Infinity }, sequence + 1)",
    likely: "follower",
  },
];
