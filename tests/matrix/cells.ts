/**
 * What becomes of a log, and the cells of the matrix that this is noted in.
 */

import { MiniStore } from "../../mod.ts";
import {
  type CrashStateOptions,
  SimulatedFileSystem,
  type Watch,
} from "../../src/testing/mod.ts";
import { hashImage, hashText } from "../../src/testing/crash_states.ts";
import { openPath } from "../../src/wal/segments.ts";
import { checkLog, PATH } from "../crash/check_log.ts";
import type { Owed } from "../crash/oracle.ts";
import type { Column } from "./workload.ts";

/**
 * What a call does: `P` fails for good, `K` does and keeps what is there, `R` rejects, `O` succeeds all the same,
 * `L` is refused with `LOCKED`, `E` is refused before any byte.
 */
export type During = "P" | "K" | "R" | "O" | "L" | "E";
/** How the log opens afterwards: `O` whole, `T` with a torn tail cut, `R` not at all. */
export type After = "O" | "T" | "R";

/** What was seen in the cells of one row. */
export class Cells {
  readonly #seen = new Map<Column, Map<string, Set<string>>>();
  /** How many faults were injected. */
  faults = 0;
  /** What did not hold, and where. */
  readonly violations: { column: Column; what: string }[] = [];

  /** Notes what a call did. */
  during(column: Column, outcome: During): void {
    this.#note(column, "during", outcome);
  }

  /** Notes how the log opened afterwards. */
  after(column: Column, outcome: After): void {
    this.#note(column, "after", outcome);
  }

  #note(column: Column, when: string, outcome: string): void {
    let cell = this.#seen.get(column);
    if (!cell) this.#seen.set(column, cell = new Map());
    const outcomes = cell.get(when) ?? new Set();
    cell.set(when, outcomes.add(outcome));
  }

  /** A cell as it stands in the matrix: what calls did, and how the log opened. */
  text(column: Column): string {
    const cell = this.#seen.get(column);
    if (!cell) return "–";
    const parts = ["during", "after"].map((when) =>
      [...cell.get(when) ?? []].sort().join("")
    );
    return parts.filter((part) => part !== "").join(", ");
  }

  /** Runs a case; what it throws is a violation. */
  async attempt(
    column: Column,
    where: string,
    run: () => Promise<void>,
  ): Promise<void> {
    try {
      await run();
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      this.violations.push({ column, what: `${where}: ${what}` });
    }
  }
}

/** Power cuts tried behind each fault, besides the end of the process alone; another one at each call. */
const CUTS = 1;

/** Checks logs after crashes, each state once. */
export class Checker {
  readonly #known = new Map<number, readonly After[]>();

  /** Ends the program, and cuts the power in some ways; how the log opens. */
  async afterCrash(
    fileSystem: SimulatedFileSystem,
    owed: Owed,
    seed: number,
  ): Promise<readonly After[]> {
    const key = hashText(JSON.stringify(owed), fileSystem.readOnly ? 1 : 0);
    const fingerprint = fileSystem.fingerprint(key);
    return await this.#once(fingerprint, async () => {
      const found = [await openAgain(fileSystem.clone(), owed)];
      const options: CrashStateOptions = { limit: CUTS, seed, sectorSize: 64 };
      for (const { image } of fileSystem.crashStates(options)) {
        const cut = () => openAgain(new SimulatedFileSystem({ image }), owed);
        found.push(
          ...await this.#once(hashImage(image, key), async () => [await cut()]),
        );
      }
      return found;
    });
  }

  async #once(
    state: number,
    check: () => Promise<readonly After[]>,
  ): Promise<readonly After[]> {
    const found = this.#known.get(state) ?? await check();
    this.#known.set(state, found);
    return found;
  }
}

/** Checks the log, and how it opens. */
export async function openAgain(
  fileSystem: SimulatedFileSystem,
  owed: Owed,
  watch: Watch<Owed> = () => {},
): Promise<After> {
  const exists = fileSystem.visible.files.has(PATH);
  const report = exists
    ? await MiniStore.verify(PATH, { fileSystem })
    : undefined;
  await checkLog(fileSystem, owed, watch);
  return report?.torn ? "T" : "O";
}

/** What is visible, but for the mark of an open log: one that stays costs the next open a copy, no more. */
export function visibleHash({ visible }: SimulatedFileSystem): number {
  const files = new Map(visible.files);
  files.delete(openPath(PATH));
  return hashImage({ ...visible, files });
}
