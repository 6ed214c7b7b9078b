/**
 * What the writers of the laboratory do: a list of steps and the records they
 * append, both a function of a seed. The writer and the one who judges it compute
 * them apart, so the judge knows what was submitted without being told.
 *
 * @module
 */

/** One step of a writer; it begins when the step before it has ended. */
export type Step =
  | { readonly kind: "append" | "appendSync" | "rotate" | "reopen" }
  | { readonly kind: "batch" | "concurrent"; readonly count: number }
  | { readonly kind: "truncate"; readonly before: number };

/** A step with the sequence number of the last record submitted at its end. */
export type PlannedStep = Step & { readonly last: number };

/** In the middle of each concurrent step stands a batch of this many records. */
export const INNER_BATCH = 3;

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Weighted: appends of all kinds dominate, and every kind comes up in about 20 steps. */
const KINDS = [
  ..."aaaasssbbbbcccc",
  ..."rto",
] as const;

/** The steps of a writer. */
export function planOf(seed: number, length: number): PlannedStep[] {
  const random = randomOf(seed);
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  const plan: PlannedStep[] = [];
  let last = 0;
  for (let n = 0; n < length; n++) {
    switch (KINDS[Math.floor(random() * KINDS.length)]) {
      case "a":
        plan.push({ kind: "append", last: ++last });
        break;
      case "s":
        plan.push({ kind: "appendSync", last: ++last });
        break;
      case "b": {
        const count = 1 + upTo(7);
        plan.push({ kind: "batch", count, last: last += count });
        break;
      }
      case "c": {
        const count = upTo(12);
        last += count + INNER_BATCH;
        plan.push({ kind: "concurrent", count, last });
        break;
      }
      case "r":
        plan.push({ kind: "rotate", last });
        break;
      case "t":
        plan.push({ kind: "truncate", before: Math.max(1, last - 10), last });
        break;
      default:
        plan.push({ kind: "reopen", last });
    }
  }
  return plan;
}

/** A record: its number, and text that looks like what it must not be taken for. */
export interface LabRecord {
  readonly n: number;
  readonly text: string;
}

const PIECES = ["// commit 1 00000000", "\n// closed 1 0\n", "ä☃𝄞", "\\", "\0"];

/** The record with a sequence number. One in 16 is longer than a block of the disk. */
export function recordOf(seed: number, n: number): LabRecord {
  const random = randomOf(seed + n * 7919);
  const piece = PIECES[Math.floor(random() * PIECES.length)];
  const length = random() < 1 / 16 ? 12_000 : 200;
  const fill = Math.floor(random() * 36).toString(36);
  return { n, text: piece + fill.repeat(Math.floor(random() * length)) };
}
