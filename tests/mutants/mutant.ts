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
  S1: "a snapshot is the one before or the new one, complete, with its number",
  S2: "a snapshot is never ahead of the durable log",
  S3: "a log is cut only behind a snapshot that is durable and was read back",
  S4: "what an interrupted create has left is ignored, finished or removed",
  S5:
    "a damaged snapshot is replaced by the log where it has all, else refused",
  S6: "older files that are back never pass for the newest state",
  M1: "a state is what the reducer makes of a prefix of S",
  M2: "nothing is shown that is not durable",
  M3: "behind a failure the state stays at the last durable mutation",
  M4: "snapshot and tail give what the whole log gives",
  M5: "a compaction changes nothing that can be read",
  Q1: "an acknowledged enqueue is delivered at least once, or still queued",
  Q2: "an acknowledged message never returns",
  Q3: "the promised order, delays and numbers of attempts hold",
  Q4: "a lease ends at its time, also over a crash, and settles nothing then",
  Q5: "dedupe keys and ids are taken for as long as promised",
  Q6: "a compaction of a queue loses nothing",
  R1: "a reader takes time, memory and open files by what it reads",
  R2:
    "a reader ends: what is not a file is refused, and what is left is closed",
  A1: "opening replays little, however long the history is",
  A2: "automatic snapshots write no more than was logged",
  A3:
    "what fails of an automatic snapshot, or is abandoned, changes nothing else",
  L1: "there is one writer, on whatever runtimes",
  L2: "the lock ends with its process",
  L3: "no lock is ever cleaned up by hand",
  P1: "whatever waits keeps the program alive, unless it has ref: false",
  P2: "what goes wrong is reported to the program that asks for it",
  E1: "a failure has the code of its cause",
  T1: "the laboratory finds what a disk would lose, and only that",
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
