/**
 * Makes a session that shows a difference as short as it can be.
 */

import type { Difference } from "./difference.ts";
import { play, type PlayOptions } from "./play.ts";
import type { Program } from "./program.ts";
import { type Call, type Session, showSession, type Step } from "./session.ts";

/** A session with the difference that it shows. */
export interface Finding {
  readonly session: Session;
  readonly difference: Difference;
}

/** So many sessions are played at most; what is found by then is short enough. */
const MAX_TRIES = 3000;

/** Plays a session; a finding if there is a difference. */
export async function find(
  session: Session,
  options?: PlayOptions,
): Promise<Finding | undefined> {
  const difference = await play(session, options);
  return difference && { session, difference };
}

/** Leaves things out of a session as long as it shows a difference of the same kind. */
export async function shrink(
  found: Finding,
  options?: PlayOptions,
): Promise<Finding> {
  let best = cut(found);
  let tries = 0;
  for (let smaller = true; smaller && tries < MAX_TRIES;) {
    smaller = false;
    // What was left out before stays out, so each way is gone to its end at once.
    for (const way of WAYS) {
      for (let n = 0; tries < MAX_TRIES;) {
        const session = way(best.session, n);
        if (session === undefined) break;
        tries++;
        const finding = await find(session, options);
        if (finding && isAlike(finding.difference, found.difference)) {
          best = cut(finding);
          smaller = true;
        } else n++;
      }
    }
  }
  return best;
}

/** A state that is wrong may be seen in several ways. */
const WRONG: ReadonlySet<string> = new Set([
  "state",
  "trace",
  "log",
  "not refused",
]);

function isAlike(one: Difference, other: Difference): boolean {
  return one.kind === other.kind ||
    WRONG.has(one.kind) && WRONG.has(other.kind);
}

/** The steps after the difference are of no use, but for one that shows only at the end. */
function cut({ session, difference }: Finding): Finding {
  const steps = session.steps.slice(0, difference.step + 1);
  return { session: { ...session, steps }, difference };
}

/** Gives a session with its n-th thing left out or made simpler; `undefined` if there is none. */
type Way = (session: Session, n: number) => Session | undefined;

/** Without a run of steps: halves, then quarters, then single ones. */
const fewerSteps: Way = (session, n) => {
  const { steps } = session;
  let left = n;
  for (let size = steps.length >> 1; size > 0; size >>= 1) {
    const count = Math.ceil(steps.length / size);
    if (left < count) {
      return { ...session, steps: steps.toSpliced(left * size, size) };
    }
    left -= count;
  }
  return undefined;
};

/** Replaces the n-th of some things that are found in a session. */
function nth<T>(
  list: (session: Session) => readonly T[],
  replace: (session: Session, item: T) => Session,
): Way {
  return (session, n) => {
    const item = list(session).at(n);
    return item === undefined ? undefined : replace(session, item);
  };
}

type Path = readonly [step: number, call?: number, program?: number];

function withStep(
  session: Session,
  [at]: Path,
  change: Partial<Step>,
): Session {
  const step = { ...session.steps[at], ...change };
  return { ...session, steps: session.steps.with(at, step) };
}

function withCalls(
  session: Session,
  path: Path,
  change: (call: Call) => readonly Call[],
): Session {
  const [at, n = 0] = path;
  const { calls } = session.steps[at];
  return withStep(session, path, {
    calls: calls.toSpliced(n, 1, ...change(calls[n])),
  });
}

const callsOf = ({ steps }: Session): Path[] =>
  steps.flatMap(({ calls }, s) => calls.map((_, c): Path => [s, c]));

const programPaths = (session: Session): Path[] =>
  callsOf(session).flatMap(([s, c = 0]) =>
    session.steps[s].calls[c].programs.map((_, p): Path => [s, c, p])
  );

const plainSteps = nth(
  ({ steps }) =>
    steps.flatMap(({ kind }, s): Path[] => kind === "apply" ? [] : [[s]]),
  (session, path) => withStep(session, path, { kind: "apply" }),
);

const fewerCalls = nth(
  callsOf,
  (session, path) => withCalls(session, path, () => []),
);

const plainCalls = nth(
  (session) =>
    callsOf(session).filter(([s, c = 0]) =>
      session.steps[s].calls[c].how !== "apply"
    ),
  (session, path) =>
    withCalls(session, path, (call) => [{ ...call, how: "apply" }]),
);

/** Calls that were started together, one after the other. */
const apart = nth(
  ({ steps }) =>
    steps.flatMap(({ calls }, s): Path[] => calls.length > 1 ? [[s]] : []),
  (session, [at]) => {
    const step = session.steps[at];
    const steps = step.calls.map((call, n): Step => ({
      ...step,
      kind: n === step.calls.length - 1 ? step.kind : "apply",
      calls: [call],
    }));
    return { ...session, steps: session.steps.toSpliced(at, 1, ...steps) };
  },
);

/** Programs that were applied as one, each by itself. */
const single = nth(
  (session) =>
    callsOf(session).filter(([s, c = 0]) =>
      session.steps[s].calls[c].programs.length > 1
    ),
  (session, path) =>
    withCalls(
      session,
      path,
      ({ how, programs }) =>
        programs.map((program) => ({ how, programs: [program] })),
    ),
);

function withPrograms(
  session: Session,
  path: Path,
  change: (program: Program) => readonly Program[],
): Session {
  const [, , n = 0] = path;
  return withCalls(session, path, ({ how, programs }) => [{
    how,
    programs: programs.toSpliced(n, 1, ...change(programs[n])),
  }]);
}

/** Without a program of a call; a call without programs must be a `transact`. */
const fewerPrograms = nth(
  (session) =>
    programPaths(session).filter(([s, c = 0]) =>
      session.steps[s].calls[c].programs.length > 1
    ),
  (session, path) => withPrograms(session, path, () => []),
);

const fewerStatements = nth(
  (session) =>
    programPaths(session).flatMap((path) =>
      programAt(session, path).statements.map((_, n) => ({ path, n }))
    ).reverse(),
  (session, { path, n }) =>
    withPrograms(session, path, ({ statements, payload }) => [{
      statements: statements.toSpliced(n, 1),
      payload,
    }]),
);

function programAt(session: Session, [s, c = 0, p = 0]: Path): Program {
  return session.steps[s].calls[c].programs[p];
}

const emptyPayloads = nth(
  (session) =>
    programPaths(session).filter((path) =>
      programAt(session, path).payload !== "{}"
    ),
  (session, path) =>
    withPrograms(session, path, (program) => [{ ...program, payload: "{}" }]),
);

/** Without a member of the initial state, or of one of its members. */
const smallerState: Way = (session, n) => {
  const paths: (readonly string[])[] = [];
  const initial = JSON.parse(session.initial);
  for (const [key, part] of Object.entries(initial)) {
    paths.push([key]);
    if (typeof part !== "object" || part === null) continue;
    for (const inner of Object.keys(part)) paths.push([key, inner]);
  }
  const path = paths.at(n);
  if (path === undefined) return undefined;
  const [key, inner] = path;
  const part = initial[key];
  if (inner === undefined) delete initial[key];
  else if (Array.isArray(part)) part.splice(Number(inner), 1);
  else delete part[inner];
  return { ...session, initial: JSON.stringify(initial) };
};

const WAYS: readonly Way[] = [
  fewerSteps,
  plainSteps,
  fewerCalls,
  apart,
  single,
  plainCalls,
  fewerPrograms,
  fewerStatements,
  emptyPayloads,
  smallerState,
];

/** A finding in words. */
export function showFinding({ session, difference }: Finding): string {
  const { message, expected, actual } = difference;
  return [
    `${message}, in step ${difference.step + 1}`,
    showSession(session),
    `expected: ${brief(expected)}`,
    `actual:   ${brief(actual)}`,
  ].join("\n");
}

function brief(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)} …` : text;
}
