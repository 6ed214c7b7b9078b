/**
 * Says what a queue owes. It hears every line that a process has printed, and every
 * message that is drained at the end; it knows what each call enqueues.
 *
 * 1. A message whose enqueue was acknowledged is handed out, sooner or later (Q1);
 *    so is one that was handed out before, unless it was about to be settled.
 * 2. One whose acknowledgement was acknowledged is never seen again (Q2), nor is a
 *    dead letter handed out.
 * 3. Attempts rise from delivery to delivery; nothing is handed out while it is
 *    held; of a group one message at a time, and first deliveries in the order of
 *    the calls (Q3, Q4).
 * 4. Of the messages with one key there is one; an id is enqueued once (Q5).
 * 5. A batch is there as a whole or not at all.
 *
 * @module
 */

import { HELD } from "./job.ts";
import { type Call, callOf, type Request, requestsOf } from "./messages.ts";

/** What may be done with a message that was handed out. */
type How = "ack" | "retry" | "fail";

/** What is known of a message that was seen. */
interface Known {
  readonly request: Request;
  /** Where it stands among the messages of all calls. */
  readonly place: readonly number[];
  attempts: number;
  number: number;
  /** It was handed out, and nothing was done with it as yet, since this time at the earliest. */
  heldFrom?: number | undefined;
  /** What was about to be done with it when the process ended. */
  willBe?: How | undefined;
  /** What is known to have been done with it for good. */
  end?: "ack" | "fail" | "gone" | undefined;
}

/** Judges one queue. */
export class Judge {
  readonly problems: string[] = [];
  /** How many acknowledgements of each kind were heard. */
  readonly counts = { sent: 0, got: 0, acked: 0, compacted: 0 };
  readonly #seed: number;
  readonly #known = new Map<string, Known>();
  /** Ids that were acknowledged, and are still to be seen. */
  readonly #owed = new Set<string>();
  /** Ids that are not enqueued: another one had their key. */
  readonly #refused = new Map<string, string>();
  /** Which id has a key. */
  readonly #holders = new Map<string, string>();
  /** Which message of a group is being worked on, and since when. */
  readonly #busy = new Map<string, { id: string; from: number }>();
  /** The newest message of a group that was handed out. */
  readonly #newest = new Map<string, Known>();
  /** When the process that is heard began. */
  #began = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Takes note of a line of a process. */
  hear(line: string): void {
    const [word, ...rest] = line.split(" ");
    switch (word) {
      case "begin":
        this.#began = Number(rest[0]);
        return;
      case "sent":
        this.#sent({ round: Number(rest[0]), n: Number(rest[1]) }, rest[2]);
        return;
      case "got":
        this.#got(rest[0], Number(rest[1]), Number(rest[2]), Number(rest[3]));
        return;
      case "will":
        this.#will(rest[0] as How, rest[1]);
        return;
      case "did":
        this.#did(rest[0] as How, rest[1]);
        return;
      case "lost":
        this.#lost(rest[1], Number(rest[2]));
        return;
      case "compacted":
        this.counts.compacted++;
        return;
      case "ready":
      case "open":
      case "compacting":
      case "closed":
        return;
      default:
        this.problems.push(`a process printed: ${line}`);
    }
  }

  /** A message that waits in the queue, as it is listed. */
  listed(id: string, attempts: number, isDead: boolean): void {
    const known = this.#see(id);
    if (known.end === "ack" || known.end === "gone") {
      this.problems.push(`${id} is there again (Q2)`);
    }
    if (attempts < known.attempts) {
      this.problems.push(
        `${id} has ${attempts} attempts after ${known.attempts} (Q3)`,
      );
    }
    const mayBeDead = known.end === "fail" || known.willBe === "fail";
    if (isDead && !mayBeDead) this.problems.push(`${id} is a dead letter`);
    if (!isDead && known.end === "fail") {
      this.problems.push(`${id} is not a dead letter any more`);
    }
    if (isDead) this.#end(known, "fail");
  }

  /** Everything was drained: who was not seen is lost. Gives the ids that must be dead letters. */
  drained(): string[] {
    for (const id of this.#owed) {
      this.problems.push(`${id} was acknowledged, and is lost (Q1)`);
    }
    this.#owed.clear();
    const dead: string[] = [];
    const calls = new Map<string, Call>();
    for (const [id, known] of this.#known) {
      const { end, willBe } = known;
      if (end === undefined && willBe === "ack") this.#end(known, "gone");
      else if (end === undefined) {
        this.problems.push(`${id} was not settled, and is lost (Q1)`);
        this.#end(known, "gone");
      } else if (end === "fail") dead.push(id);
      const call = callOf(id);
      calls.set(`${call.round}-${call.n}`, call);
    }
    for (const call of calls.values()) {
      const all = requestsOf(this.#seed, call);
      const seen = all.filter(({ id }) => this.#known.has(id)).length;
      if (seen < all.length) {
        const name = `${call.round}-${call.n}`;
        this.problems.push(
          `${seen} of batch ${name} of ${all.length} is there`,
        );
      }
    }
    this.#busy.clear();
    return dead;
  }

  #sent(call: Call, names: string | undefined): void {
    this.counts.sent++;
    const ids = (names ?? "").split(",");
    const requests = requestsOf(this.#seed, call);
    for (const [n, { id, dedupeKey }] of requests.entries()) {
      const given = ids[n];
      if (given === id) this.#owe(id);
      else if (dedupeKey === undefined || given === undefined) {
        this.problems.push(`${id} was enqueued as ${given}`);
      } else {
        const earlier = this.#refused.get(id);
        if (this.#known.has(id) || (earlier ?? given) !== given) {
          this.problems.push(`${id} was enqueued again, as ${given} (Q5)`);
        }
        this.#refused.set(id, given);
        this.#owe(given);
      }
      if (dedupeKey !== undefined) this.#hold(dedupeKey, given ?? id);
    }
  }

  #owe(id: string): void {
    if (!this.#known.has(id)) this.#owed.add(id);
  }

  #hold(key: string, id: string): void {
    const holder = this.#holders.get(key);
    if (holder === undefined) this.#holders.set(key, id);
    else if (holder !== id) {
      this.problems.push(`${id} and ${holder} have the key ${key} (Q5)`);
    }
  }

  /** A message that is in the queue, or was. */
  #see(id: string): Known {
    const before = this.#known.get(id);
    if (before) return before;
    const { round, n } = callOf(id);
    const requests = requestsOf(this.#seed, { round, n });
    const member = requests.findIndex((one) => one.id === id);
    const request = requests[member];
    if (request === undefined) throw new RangeError(`Nobody enqueues ${id}`);
    if (this.#refused.has(id)) {
      this.problems.push(`${id} is there, though its key was taken (Q5)`);
    }
    if (request.dedupeKey !== undefined) this.#hold(request.dedupeKey, id);
    this.#owed.delete(id);
    const place = [round, n, member];
    const known = { request, place, attempts: 0, number: 0 };
    this.#known.set(id, known);
    return known;
  }

  #got(id: string, attempts: number, number: number, time: number): void {
    this.counts.got++;
    const known = this.#see(id);
    if (known.end !== undefined) {
      const end = known.end === "fail" ? "a dead letter" : "acknowledged";
      this.problems.push(`${id} was handed out, though it is ${end} (Q2)`);
    }
    if (attempts <= known.attempts) {
      this.problems.push(
        `${id} was handed out as attempt ${attempts} after ${known.attempts} (Q3)`,
      );
    }
    if (known.heldFrom !== undefined && time < known.heldFrom + HELD) {
      this.problems.push(`${id} was handed out while it was held (Q3)`);
    }
    if (known.number !== 0 && known.number !== number) {
      this.problems.push(`${id} is message ${known.number} and ${number} (Q5)`);
    }
    this.#inTurn(id, known, number, time);
    known.attempts = attempts;
    known.number = number;
    known.heldFrom = this.#began;
    known.willBe = undefined;
  }

  /** Whether a message of a group was handed out when it was its turn. */
  #inTurn(id: string, known: Known, number: number, time: number): void {
    const { group } = known.request;
    if (group === undefined) return;
    const busy = this.#busy.get(group);
    if (busy && busy.id !== id && time < busy.from + HELD) {
      this.problems.push(`${id} was handed out beside ${busy.id} (Q3)`);
    }
    this.#busy.set(group, { id, from: this.#began });
    if (known.number !== 0) return;
    const newest = this.#newest.get(group);
    if (
      newest && (number < newest.number || !isBefore(newest.place, known.place))
    ) {
      this.problems.push(
        `${id} was handed out behind ${newest.request.id} (Q3)`,
      );
    }
    this.#newest.set(group, known);
  }

  #will(how: How, id: string): void {
    const known = this.#see(id);
    known.willBe = how;
    known.heldFrom = undefined;
    const { group } = known.request;
    if (group !== undefined) this.#busy.delete(group);
  }

  #did(how: How, id: string): void {
    if (how === "ack") this.counts.acked++;
    const known = this.#see(id);
    if (how === "retry") known.willBe = undefined;
    else this.#end(known, how);
  }

  #lost(id: string, time: number): void {
    if (time < this.#began + HELD) {
      this.problems.push(`the lease of ${id} was lost before its time (Q4)`);
    }
    this.#see(id).willBe = undefined;
  }

  #end(known: Known, end: "ack" | "fail" | "gone"): void {
    known.end = end;
    known.willBe = undefined;
    known.heldFrom = undefined;
  }
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((part, n) => part !== other[n]);
  return at >= 0 && one[at] < other[at];
}
