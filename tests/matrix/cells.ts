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
import type { Column } from "./table.ts";

/** What a call does: a letter in front of the comma, see `table.ts`. */
export type During = "P" | "K" | "N" | "R" | "O" | "L" | "E" | "D";
/** What opening does afterwards: a letter behind it. */
export type After = "O" | "T" | "F" | "R";

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

/** Opens what a crash has left, and holds it against what is owed. */
export type Recover<T> = (
  fileSystem: SimulatedFileSystem,
  owed: T,
  watch?: Watch<T>,
) => Promise<After>;

/** Checks what crashes leave, each state once. */
export class Checker<T> {
  readonly #recover: Recover<T>;
  readonly #known = new Map<number, readonly After[]>();

  constructor(recover: Recover<T>) {
    this.#recover = recover;
  }

  /** Ends the program, and cuts the power in some ways; what opening does. */
  async afterCrash(
    fileSystem: SimulatedFileSystem,
    owed: T,
    seed: number,
  ): Promise<readonly After[]> {
    const key = hashText(JSON.stringify(owed), fileSystem.readOnly ? 1 : 0);
    const fingerprint = fileSystem.fingerprint(key);
    return await this.#once(fingerprint, async () => {
      const found = [await this.#recover(fileSystem.clone(), owed)];
      const options: CrashStateOptions = { limit: CUTS, seed, sectorSize: 64 };
      for (const { image } of fileSystem.crashStates(options)) {
        const cut = () =>
          this.#recover(new SimulatedFileSystem({ image }), owed);
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

/** Checks a log, and how it opens. */
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

/** Throws with the name of what does not hold. */
export function expect(holds: boolean, violated: string): asserts holds {
  if (!holds) throw new Error(violated);
}
