/**
 * When calls that are under way are carried out.
 *
 * A call that does not block is under way from when it is made until it is
 * carried out; its promise settles then. Nothing is carried out as long as the
 * program goes on by itself, so whatever it does without awaiting a call finds
 * that call under way. Only when it does nothing more, one of the calls under
 * way is chosen; and before a blocking call is carried out, those that conflict
 * with it may come first, or not.
 *
 * Each choice is a fork. A schedule takes the forks of its plan, and then the
 * default: calls are carried out as they were made, and one that was overtaken
 * waits until nothing else is left, as the program may never wait for it. The other
 * ways at each fork become plans of their own ({@linkcode Schedule.others}).
 *
 * Orders that differ only in calls that do not conflict are tried once, by sleep
 * sets: after a fork, a call that another plan carries out at once stays asleep
 * until something that conflicts with it was carried out.
 *
 * @module
 */

import { conflict, type Effects } from "./conflicts.ts";
import { type Operation, operationText } from "./faults.ts";

/** Which ways are taken at the first forks. */
export interface Plan {
  /** The numbers of the calls that are carried out there. */
  readonly choices: readonly number[];
  /** The numbers of the calls that are asleep after them. */
  readonly asleep: readonly number[];
  /** How often something else than the default is chosen. */
  readonly depth: number;
}

/** The plan that has the default at every fork. */
export const AS_MADE: Plan = { choices: [], asleep: [], depth: 0 };

/** Calls `then` when the program does nothing more by itself. */
export type WhenIdle = (then: () => void) => void;

/** A call that may be carried out. */
interface Call {
  readonly operation: Operation;
  readonly effects: Effects;
  /** How many calls had been carried out when it was made. */
  readonly since: number;
  /** Does it, and settles its promise; a blocking call is done by its caller. */
  readonly carryOut: () => void;
}

/** A call that was carried out, and the older ones that were under way. */
interface Step {
  readonly operation: Operation;
  readonly overtaken: readonly Operation[];
}

/** A call is overtaken by no more calls than this: the program may be polling until it has happened. */
const PATIENCE = 100;

/** Decides when the calls of one program are carried out. */
export class Schedule {
  /** What is left to try: the other ways at the forks after the plan. */
  readonly others: Plan[] = [];
  /** Called before a choice: a moment at which the program may crash. */
  onMoment: () => void = () => {};
  readonly #plan: Plan;
  readonly #whenIdle: WhenIdle;
  /** The ways that were taken, by the numbers of the calls. */
  readonly #taken: number[] = [];
  readonly #steps: Step[] = [];
  /** What is under way, oldest first. */
  #waiting: readonly Call[] = [];
  #asleep: readonly Call[] = [];
  /** Those that were overtaken where they could have been chosen. */
  readonly #overtaken = new Set<Call>();
  #isArmed = false;
  #redundant = false;
  #diverged = false;
  #ended: (() => void) | undefined;

  /**
   * Makes a schedule.
   *
   * @param plan The ways at the first forks.
   * @param whenIdle Calls back when the program does nothing more by itself.
   */
  constructor(plan: Plan, whenIdle: WhenIdle) {
    this.#plan = plan;
    this.#whenIdle = whenIdle;
  }

  /** Whether other plans try all that may come from here on; the program runs to its end all the same. */
  get redundant(): boolean {
    return this.#redundant;
  }

  /** Whether the program did not make the calls of the plan this time. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /** Takes a call that does not block. */
  submit<T>(operation: Operation, effects: Effects, act: () => T): Promise<T> {
    const promise = new Promise<T>((resolve, reject) => {
      const carryOut = () => {
        try {
          resolve(act());
        } catch (error) {
          reject(error);
        }
      };
      const since = this.#steps.length;
      const call = { operation, effects, since, carryOut };
      this.#waiting = [...this.#waiting, call];
    });
    promise.catch(() => {}); // a program may never await it
    this.#arm();
    return promise;
  }

  /** Carries out what comes before a blocking call. */
  block(operation: Operation, effects: Effects): void {
    const since = this.#steps.length;
    const blocking = { operation, effects, since, carryOut: () => {} };
    for (;;) {
      const before = this.#waiting.filter((call) =>
        conflict(call.effects, effects)
      );
      const chosen = before.length > 0
        ? this.#choose([...before, blocking])
        : this.#wake(blocking);
      this.#carryOut(chosen);
      if (chosen === blocking) return;
      this.onMoment();
    }
  }

  /** Carries out what is left, and what that brings about; resolves when there is nothing more. */
  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.#arm();
    });
  }

  /** Makes what a report says of the calls up to this moment: nothing, if none overlapped. */
  report(): () => readonly string[] {
    const count = this.#steps.length;
    const underWay = this.#waiting.map(({ operation }) => operation);
    return () => reportOf(this.#steps.slice(0, count), underWay);
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#whenIdle(() => {
      this.#isArmed = false;
      if (this.#waiting.length === 0) this.#ended?.();
      else {
        this.onMoment();
        this.#carryOut(this.#choose(this.#waiting));
        this.#arm();
      }
    });
  }

  #carryOut(call: Call): void {
    this.#waiting = this.#waiting.filter((other) => other !== call);
    const { operation } = call;
    const overtaken = this.#waiting.map((other) => other.operation).filter(
      ({ number }) => number < operation.number,
    );
    this.#steps.push({ operation, overtaken });
    call.carryOut();
  }

  /** Takes one of the ways at a fork; a blocking call is the last of them. */
  #choose(calls: readonly Call[]): Call {
    if (calls.length === 1) {
      this.#redundant ||= this.#asleep.includes(calls[0]);
      return this.#wake(calls[0]);
    }
    const chosen = this.#planned(calls) ?? this.#usual(calls);
    for (const call of calls) {
      if (isBefore(call, chosen)) this.#overtaken.add(call);
    }
    this.#taken.push(chosen.operation.number);
    this.#wake(chosen);
    if (this.#taken.length === this.#plan.choices.length) {
      this.#asleep = this.#waiting.filter(({ operation }) =>
        this.#plan.asleep.includes(operation.number)
      );
    }
    return chosen;
  }

  #planned(calls: readonly Call[]): Call | undefined {
    const { choices } = this.#plan;
    if (this.#diverged || this.#taken.length >= choices.length) return;
    const number = choices[this.#taken.length];
    const found = calls.find(({ operation }) => operation.number === number);
    this.#diverged = found === undefined;
    return found;
  }

  /** The default; the other ways are left to other plans. */
  #usual(calls: readonly Call[]): Call {
    const late = calls.find(({ since }) =>
      this.#steps.length - since > PATIENCE
    );
    if (late || this.#redundant || this.#diverged) return late ?? calls[0];
    const awake = calls.filter((call) => !this.#asleep.includes(call));
    const [usual, ...others] = [
      ...awake.filter((call) => !this.#overtaken.has(call)),
      ...awake.filter((call) => this.#overtaken.has(call)),
    ];
    if (usual === undefined) {
      this.#redundant = true;
      return calls[0];
    }
    const earlier = [...this.#asleep, usual];
    for (const other of others) {
      this.others.push({
        choices: [...this.#taken, other.operation.number],
        asleep: earlier.filter((call) => !conflict(call.effects, other.effects))
          .map(({ operation }) => operation.number),
        depth: this.#plan.depth + 1,
      });
      earlier.push(other);
    }
    return usual;
  }

  /** What conflicts with a call that is carried out sleeps no longer. */
  #wake(chosen: Call): Call {
    this.#asleep = this.#asleep.filter((call) =>
      call !== chosen && !conflict(call.effects, chosen.effects)
    );
    return chosen;
  }
}

function isBefore(a: Call, b: Call): boolean {
  return a.operation.number < b.operation.number;
}

/** A report lists at most so many calls: the last ones. */
const REPORTED = 20;

function reportOf(
  steps: readonly Step[],
  underWay: readonly Operation[],
): string[] {
  // Whether a handle was closed before or after a call changes nothing.
  const calls = steps.filter(({ operation }) => operation.kind !== "close");
  const first = calls.findIndex(({ overtaken }) => overtaken.length > 0);
  const lines: string[] = [];
  if (first >= 0) {
    lines.push("Calls overlapped, and were carried out in this order");
    const some = calls.slice(first).slice(-REPORTED);
    if (some.length < calls.length - first) lines.push("  …");
    for (const { operation, overtaken } of some) {
      const before = overtaken.length === 0
        ? ""
        : `, before ${numbersOf(overtaken)}`;
      lines.push(`  call ${operationText(operation)}${before}`);
    }
  }
  for (const operation of underWay) {
    lines.push(`Not carried out yet: call ${operationText(operation)}`);
  }
  return lines;
}

function numbersOf(operations: readonly Operation[]): string {
  const numbers = operations.map(({ number }) => number);
  return `call${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")}`;
}
