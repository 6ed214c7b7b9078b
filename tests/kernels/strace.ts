/**
 * Runs a writer under strace, restricted to the files of one log, and reads what
 * strace wrote down.
 *
 * A call that is entered waits until strace has seen it, and so does its end
 * until strace goes on. So if strace shows the end of A in front of the beginning
 * of B, A had ended before B began, whichever threads they ran on.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** Calls that write to a file, whatever the runtime uses. */
export const WRITES: readonly string[] = [
  "write",
  "pwrite64",
  "writev",
  "pwritev",
  "pwritev2",
];
/** Calls that sync. */
export const SYNCS: readonly string[] = [
  "fsync",
  "fdatasync",
  "sync_file_range",
];
/** Calls that change names or sizes. */
export const RENAMES: readonly string[] = ["rename", "renameat", "renameat2"];
/** Calls that remove names. */
export const REMOVALS: readonly string[] = ["unlink", "unlinkat"];
/** Calls that can change what is on the disk. */
export const CHANGES: readonly string[] = [
  ...WRITES,
  ...SYNCS,
  ...RENAMES,
  ...REMOVALS,
  "openat",
  "ftruncate",
  "mkdir",
  "mkdirat",
];

/** More segments than a run of the laboratory begins. */
const MOST_SEGMENTS = 40;

/** One call. */
export interface Call {
  readonly name: string;
  /** Its arguments, as strace shows them. */
  readonly text: string;
  /** Position of its beginning among all beginnings and ends. */
  readonly began: number;
  /** Position of its end; `Infinity` if the process ended first. */
  readonly ended: number;
  /** What it returned; negative if it failed. */
  readonly result: number;
  /** Whether strace made it fail. */
  readonly injected: boolean;
}

/** The files of a log, and its directory. */
function pathsOf(folder: string, path: string): string[] {
  const numbers = Array.from(
    { length: MOST_SEGMENTS },
    (_, n) => String(n + 1).padStart(6, "0"),
  );
  return [
    folder,
    path,
    ...numbers.flatMap((n) => [`${path}.${n}`, `${path}.new-${n}`]),
  ];
}

/** The command in front of a child: its calls that concern a log go to `output`. */
export function straceOf(
  { folder, path, output, calls, inject = [], everything = false }: {
    readonly folder: string;
    readonly path: string;
    readonly output: string;
    readonly calls: readonly string[];
    readonly inject?: readonly string[];
    /** Whether calls on other files are shown too. */
    readonly everything?: boolean;
  },
): string[] {
  return [
    "strace",
    "--follow-forks",
    // Faster, but a signal sent with a call would be lost.
    ...(inject.some((what) => what.includes("signal"))
      ? []
      : ["--seccomp-bpf"]),
    "--decode-fds=path",
    "--string-limit=100000",
    `--output=${output}`,
    `--trace=${calls.map((name) => `?${name}`).join(",")}`,
    ...(everything
      ? []
      : pathsOf(folder, path).flatMap((name) => ["-P", name])),
    ...inject.map((what) => `--inject=${what}`),
  ];
}

/** The calls of a trace, in the order in which they began. */
export function readTrace(output: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { index: number; text: string }>();
  readFileSync(output, "utf8").split("\n").forEach((line, position) => {
    const [, thread, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined) return;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const before = open.get(thread);
    if (resumed && before) {
      open.delete(thread);
      const { began } = calls[before.index];
      calls[before.index] = callOf(before.text + resumed[1], began, position);
    } else if (text.endsWith("<unfinished ...>")) {
      const part = text.slice(0, -"<unfinished ...>".length);
      open.set(thread, { index: calls.length, text: part });
      calls.push({ ...callOf(part, position, Infinity), result: -1 });
    } else if (/^\w+\(/.test(text)) {
      calls.push(callOf(text, position, position));
    }
  });
  return calls;
}

function callOf(text: string, began: number, ended: number): Call {
  const [, name = ""] = /^(\w+)\(/.exec(text) ?? [];
  const [, result = "-1"] = /.*\) += (-?\d+)/s.exec(text) ?? [];
  const injected = text.endsWith("(INJECTED)");
  return { name, text, began, ended, result: Number(result), injected };
}

/** The path behind the first descriptor of a call. */
export function pathOf({ text }: Call): string | undefined {
  return /^\w+\(\d+<([^>]*)>/.exec(text)?.[1];
}
