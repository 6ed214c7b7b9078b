/**
 * Plays a session, and compares what is tested with plain JavaScript.
 */

import {
  execute,
  type Execution,
  Oracle,
  type Run,
  runOf,
  type Verdict,
} from "./oracle.ts";
import {
  changes,
  Difference,
  type DifferenceKind,
  reads,
  scramble,
  show,
} from "./difference.ts";
import type { Call, Session, Step } from "./session.ts";
import {
  type Follower,
  type Mutation,
  type Opener,
  openManager,
  openOutbox,
  type Reduce,
  type Subject,
} from "./subject.ts";

/** Which rules are checked. */
export interface Checks {
  /** A state that was read never changes, and cannot be changed. @default {true} */
  readonly values?: boolean | undefined;
  /** A draft cannot be used after its reducer has ended. @default {true} */
  readonly leaks?: boolean | undefined;
}

/** How sessions are played. */
export interface PlayOptions {
  /** What is tested. @default {a StateManager or an Outbox, as the session says} */
  readonly open?: Opener | undefined;
  /** @default {all} */
  readonly checks?: Checks | undefined;
}

/** How many programs a session ran, and what became of them. */
export interface Counts {
  programs: number;
  applied: number;
  refused: number;
  /** Refused by what is tested alone, as it may be. */
  declined: number;
}

/** Plays a session to its end, or to the first difference. */
export async function play(
  session: Session,
  options: PlayOptions = {},
  counts: Counts = { programs: 0, applied: 0, refused: 0, declined: 0 },
): Promise<Difference | undefined> {
  const player = new Player(session, options, counts);
  let number = 0;
  try {
    await player.open();
    for (const step of session.steps) {
      await player.take(step);
      number++;
    }
    player.checkHeld();
    return undefined;
  } catch (error) {
    const difference = error instanceof Difference
      ? error
      : new Difference("error", "something else was thrown", "", show(error));
    difference.step = number;
    return difference;
  } finally {
    await player.close();
  }
}

/** A state with more text than this, and some times its first text, is begun again: sessions stay quick. */
const MAX_TEXT = 1000;
const MAX_GROWTH = 4;
/** So is a state without what programs look for. */
const WANTED = '"rows":[';

function isSpent(text: string, initial: string): boolean {
  return text.length > MAX_TEXT + MAX_GROWTH * initial.length ||
    !text.startsWith("{") ||
    initial.includes(WANTED) && !text.includes(WANTED);
}

class Player {
  readonly #session: Session;
  readonly #open: Opener;
  readonly #checks: Checks;
  readonly #counts: Counts;
  readonly #oracle: Oracle;
  readonly #runs: Run[] = [];
  /** What programs observed in this step, by their numbers; a replay adds to it. */
  #observed: [number, Execution][] = [];
  /** Drafts that programs let out in this step. */
  #kept: unknown[] = [];
  /** States that were read, and what they showed. */
  readonly #held: [unknown, string][] = [];
  #subject: Subject | undefined;
  #follower: Follower | undefined;
  /** The past can be read from here on: after a compaction, from the newest snapshot. */
  #base = 0;
  #isCompacted = false;

  constructor(session: Session, options: PlayOptions, counts: Counts) {
    this.#session = session;
    const { on } = session;
    this.#open = options.open ?? (on === "outbox" ? openOutbox : openManager);
    this.#checks = options.checks ?? {};
    this.#counts = counts;
    this.#oracle = new Oracle(session.initial);
  }

  async open(): Promise<void> {
    const initial = JSON.parse(this.#session.initial);
    this.#subject = await this.#open(initial, this.#reduce);
  }

  async close(): Promise<void> {
    await this.#follower?.close().catch(() => {}); // the difference is known
    await this.#subject?.close().catch(() => {});
  }

  /** The reducer: a mutation says by number which program it is. */
  readonly #reduce: Reduce = (state, { run, p }) => {
    const { body } = this.#runs[run];
    const execution = execute(body, state, p, (part) => this.#kept.push(part));
    this.#observed.push([run, execution]);
    return execution.result as object | void;
  };

  /** Takes a step, and compares the outcome. */
  async take(step: Step): Promise<void> {
    const subject = this.#subject;
    if (!subject) return;
    const oracle = this.#oracle;
    this.#observed = [];
    this.#kept = [];
    if (isSpent(oracle.text, this.#session.initial)) {
      await this.#startOver(subject);
    }
    const first = oracle.sequence;
    const action = step.kind === "snapshot"
      ? subject.createSnapshot()
      : step.kind === "compact"
      ? subject.compact()
      : undefined;
    action?.catch(() => {});
    const calls: Promise<void>[] = [];
    for (const call of step.calls) {
      const done = this.#call(subject, call);
      // Whether it was refused decides what the next one is applied to.
      if (done.verdict.lenient) await done.settled;
      calls.push(done.settled);
    }
    if (step.kind === "reopen") {
      await Promise.all([...calls, subject.reopen()]);
    } else await Promise.all([...calls, action]);
    this.#isCompacted ||= step.kind === "compact";
    if (this.#isCompacted && action !== undefined) {
      this.#base = oracle.sequence;
    }
    const isRefused = step.calls.length > 0 && oracle.sequence === first;
    const kind = isRefused ? "trace" : "state";
    this.#compare(kind, "the state", subject.state, oracle.text);
    if (step.kind !== "apply" || step.choice % 4 === 0) {
      this.#compare(kind, "the copy", subject.snapshot(), oracle.text);
    }
    if (step.kind === "follow") await this.#follow(subject);
    if (step.kind === "at") await this.#lookBack(subject, step.choice);
    if (step.kind === "hold") this.#hold(subject);
    this.#compareLogs();
    this.#checkKept();
  }

  async #startOver(subject: Subject): Promise<void> {
    const text = `return ${this.#session.initial};`;
    const program = {
      statements: [{ text, mayRefuse: false }],
      payload: "{}",
    };
    await this.#call(subject, { how: "apply", programs: [program] }).settled;
  }

  /** Starts a call, and gives the outcome that it must have. */
  #call(
    subject: Subject,
    { how, programs }: Call,
  ): { verdict: Verdict; settled: Promise<void> } {
    const oracle = this.#oracle;
    const before = oracle.sequence;
    const runs = programs.map((program) => {
      const run = runOf(this.#runs.length, program);
      this.#runs.push(run);
      return run;
    });
    const text = oracle.text;
    const verdict = oracle.call(runs);
    const after = oracle.sequence;
    const mutations = runs.map(({ number, program }): Mutation => ({
      run: number,
      p: JSON.parse(program.payload),
    }));
    const decide = (state: unknown) => {
      this.#compare("state", "what transact decides on", state, text);
      if (this.#checks.values !== false) this.#held.push([state, text]);
      return mutations;
    };
    const promise = how === "transact"
      ? subject.transact(decide)
      : subject.apply(mutations);
    // The caller's objects are the caller's: nobody looks at them any more.
    if (how === "apply") mutations.forEach(({ p }) => scramble(p));
    const settled = promise.then((sequence) => {
      if (!verdict.applied) {
        throw new Difference("not refused", "a call", "REJECTED", "applied");
      }
      if (sequence !== undefined && sequence !== after) {
        const numbers = [String(after), String(sequence)] as const;
        throw new Difference("state", "the number of a call", ...numbers);
      }
      this.#count("applied", runs);
    }, (error) => {
      if (error instanceof Difference) throw error;
      const code = (error as { code?: unknown })?.code;
      if (code !== "REJECTED") {
        throw new Difference("error", "a call", "REJECTED", show(error));
      }
      if (!verdict.applied) return this.#count("refused", runs);
      if (!verdict.lenient) {
        throw new Difference("refused", "a call", "applied", show(error));
      }
      oracle.revert(before, runs);
      this.#count("declined", runs);
    });
    settled.catch(() => {}); // `take` awaits it as well
    return { verdict, settled };
  }

  #count(what: "applied" | "refused" | "declined", runs: readonly Run[]): void {
    this.#counts[what] += runs.length;
    this.#counts.programs += runs.length;
  }

  /** Compares what something shows with what it must be. */
  #compare(
    kind: DifferenceKind,
    where: string,
    value: unknown,
    expected: string,
  ): void {
    const actual = JSON.stringify(value);
    if (actual !== expected) {
      throw new Difference(kind, where, expected, actual);
    }
  }

  async #follow(subject: Subject): Promise<void> {
    this.#follower ??= await subject.follow();
    const follower = this.#follower;
    if (!follower) return;
    await follower.catchUp();
    const { text } = this.#oracle;
    this.#compare("state", "the follower", follower.state, text);
    this.#compare("state", "the follower's copy", follower.snapshot(), text);
    if (this.#checks.values !== false) this.#held.push([follower.state, text]);
  }

  async #lookBack(subject: Subject, choice: number): Promise<void> {
    const { texts, sequence } = this.#oracle;
    const wanted = this.#base + choice % (sequence - this.#base + 1);
    const past = await subject.at(wanted);
    if (!past) return;
    const where = `the state as of ${wanted}`;
    this.#compare("state", where, past.state, texts[wanted]);
  }

  /** Keeps the state and a part of it, to see whether they ever change. */
  #hold({ state }: Subject): void {
    if (this.#checks.values === false) return;
    const parts = [state, ...Object.values(state as object)];
    for (const part of parts) {
      if (typeof part !== "object" || part === null) continue;
      this.#held.push([part, JSON.stringify(part)]);
    }
    if (changes(state as object)) {
      throw new Difference("value", "a change of the state", "TypeError", "");
    }
  }

  /** A state that was read shows what it showed. */
  checkHeld(): void {
    for (const [value, text] of this.#held) {
      this.#compare("value", "a state that was read", value, text);
    }
  }

  /** Programs observe the same, also when they are replayed. */
  #compareLogs(): void {
    for (const [number, { log }] of this.#observed) {
      const expected = this.#oracle.logOf(number);
      if (expected === undefined || expected === log) continue;
      throw new Difference("log", "what a program observed", expected, log);
    }
  }

  #checkKept(): void {
    if (this.#checks.leaks === false) return;
    for (const part of this.#kept) {
      if (typeof part !== "object" || part === null) continue;
      const use = changes(part) ? "changed" : reads(part) ? "read" : undefined;
      if (use === undefined) continue;
      throw new Difference("leak", "a draft afterwards", "TypeError", use);
    }
  }
}
