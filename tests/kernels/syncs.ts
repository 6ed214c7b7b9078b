/**
 * Counts syncs: every acknowledged group had its own.
 *
 * strace shows each write with its bytes, each sync, and each acknowledgement as
 * the writer prints it. For every acknowledgement of a record N, with W the write
 * whose commit line is the first to cover N:
 *
 * 1. a sync of the file of W began after W had ended, and succeeded;
 * 2. it ended before the acknowledgement was printed;
 * 3. between W and the end of that sync nothing else was written to the file, so
 *    the sync belongs to this group and no other.
 *
 * `strace.ts` says why the order of its lines is proof.
 *
 * @module
 */

import { join } from "node:path";
import type { Runtime } from "../support/processes.ts";
import { type Lab, secondsSince } from "./lab.ts";
import { Oracle } from "./oracle.ts";
import {
  type Call,
  pathOf,
  readTrace,
  straceOf,
  SYNCS,
  WRITES,
} from "./strace.ts";

const STEPS = 120;
const WRITERS = 3;

/** Checks the order of writes, syncs and acknowledgements. */
export async function checkSyncs(lab: Lab, runtime: Runtime): Promise<void> {
  const start = performance.now();
  const dice = lab.dice("syncs", runtime);
  let groups = 0;
  let acks = 0;
  for (let n = 0; n < WRITERS; n++) {
    const folder = lab.machine.newFolder("syncs");
    const path = join(folder, "journal.jsonl");
    const output = `${folder}.trace`;
    const oracle = new Oracle(dice.seed(), STEPS);
    await lab.write(runtime, path, oracle, {
      wrap: straceOf({
        folder,
        path,
        output,
        calls: [...WRITES, ...SYNCS],
        everything: true,
      }),
    });
    const checked = checkTrace(readTrace(output), path);
    groups += checked.groups;
    acks += checked.acks;
    const { problems } = checked;
    if (!oracle.ending.closed) {
      problems.push("the writer did not come to its end");
    }
    if (checked.last !== oracle.now.acknowledged) {
      problems.push(`the trace ends at ${checked.last}`);
    }
    if (problems.length > 0) {
      const where = `syncs: ${runtime}, seed ${oracle.seed}, ${STEPS} steps`;
      await lab.violation(where, problems, [folder, output]);
    }
  }
  lab.report(
    "syncs",
    runtime,
    `${acks} acknowledgements of ${groups} groups, each behind a sync of its own (${
      secondsSince(start)
    })`,
  );
}

/** A write that ends with a commit line. */
interface Group {
  readonly last: number;
  readonly write: Call;
  readonly file: string;
}

function checkTrace(trace: readonly Call[], path: string) {
  const problems: string[] = [];
  const groups: Group[] = [];
  const acks: { sequence: number; began: number }[] = [];
  for (const call of trace) {
    const { name, text, began } = call;
    if (!WRITES.includes(name)) continue;
    const file = pathOf(call);
    const [, ack] = /^write\(1<[^>]*>, "ack (\d+)\\n"/.exec(text) ?? [];
    if (ack !== undefined) acks.push({ sequence: Number(ack), began });
    else if (file === path) {
      // Only the mark at the end counts; a record may hold the like of it.
      const [, last] =
        /\\n\/\/ commit (\d+) [0-9a-f]{8}\\n"[^"]*$/.exec(text) ?? [];
      if (last !== undefined) {
        groups.push({ last: Number(last), write: call, file });
      }
    }
  }
  for (const { sequence, began } of acks) {
    const group = groups.find(({ last }) => last >= sequence);
    const problem = group === undefined
      ? "no write committed it"
      : problemOf(trace, group, began);
    if (problem) {
      problems.push(`record ${sequence} was acknowledged, but ${problem}`);
    }
  }
  const last = acks.at(-1)?.sequence ?? 0;
  return { problems, groups: groups.length, acks: acks.length, last };
}

function problemOf(
  trace: readonly Call[],
  { write, file }: Group,
  acknowledged: number,
): string | undefined {
  const sync = trace.find((call) =>
    SYNCS.includes(call.name) && call.began > write.ended &&
    call.result === 0 && pathOf(call) === file
  );
  if (sync === undefined || sync.ended >= acknowledged) {
    return "no sync that began after its write had ended before";
  }
  const between = trace.find((call) =>
    WRITES.includes(call.name) && pathOf(call) === file &&
    call.began > write.began && call.began < sync.ended
  );
  return between && `the file was written to before its sync had ended`;
}
