/**
 * What a mutant is: the sources with one safety measure taken away. A suite that
 * still passes does not test that measure.
 */

/** What the sources promise. A is what was acknowledged, S what was handed in, in its order. */
export const PROMISES = {
  W1: "every record of A comes back as it was handed in, or was refused",
  W2: "what comes back is a prefix of S: no gap, no repeat, no other order",
  W3: "a group comes back as a whole or not at all",
  W4:
    "nothing outside of S ever comes back, and nothing foreign is overwritten",
  W5: "an append resolves only behind a sync that began after its last byte",
  W6:
    "a new file counts only when it and its name in the directory are durable",
  W7: "after the first failure nothing is written, and everything rejects",
  W8:
    "what an open shows was written again and synced, or is durable for certain",
  W9: "a torn tail is cut, kept aside and reported; all else is refused",
  W10: "a truncation is durable, and cut bytes never count again",
  W11: "opening again changes nothing; a recovery may be interrupted anywhere",
  W12:
    "NUL bytes, other line ends, bad UTF-8 and what looks like a mark do not pass",
  W13: "what a crash alone leaves opens by itself",
  L1: "there is one writer, on whatever runtimes",
  L2: "the lock ends with its process",
  L3: "no lock is ever cleaned up by hand",
  E1: "a failure has the code of its cause",
} as const;

/** One safety measure that is taken away, or made weaker. */
export interface Mutant {
  /** What is done, in a few words: the name to run it by. */
  readonly name: string;
  /** The promise that it breaks. */
  readonly breaks: keyof typeof PROMISES;
  /** The source file. */
  readonly file: string;
  /** Text that stands in it exactly once. */
  readonly from: string;
  /** What stands there in the mutant. */
  readonly to: string;
  /** The test that is run first, such as `faults` for `tests/faults_test.ts`. */
  readonly likely: string;
  /** Where the tests run. @default {"bun"} the fastest one */
  readonly runtime?: "deno" | "bun" | "node";
}
