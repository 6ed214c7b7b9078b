/** What a queue of texts should do, in as few words as possible: everything is looked at each time. */

/** A message of the model. */
export interface Job {
  readonly number: number;
  readonly text: string;
  readonly priority: number;
  readonly group: string | undefined;
  readonly maxAttempts: number;
  notBefore: number;
  expiresAt: number;
  attempts: number;
  /** Tells the times it was taken apart. */
  token: number;
  /** The time at which its lease runs out; nothing if it was given back, or never taken. */
  leasedUntil: number | undefined;
  reason: string | undefined;
}

/** What is asked for with a message. */
export interface Wish {
  readonly text: string;
  readonly priority?: number;
  readonly group?: string | undefined;
  readonly delay?: number;
  readonly expiresIn?: number;
  readonly maxAttempts?: number;
}

/** A queue whose attempts are limited and whose leases have one length. */
export class QueueModel {
  /** In the order of their numbers. */
  jobs: Job[] = [];
  dead: Job[] = [];
  readonly #lease: number;
  #tokens = 0;

  constructor(lease: number) {
    this.#lease = lease;
  }

  add(number: number, wish: Wish, now: number): void {
    const { text, priority = 0, group, delay = 0 } = wish;
    const { expiresIn = Infinity, maxAttempts = 5 } = wish;
    this.jobs.push({
      number,
      text,
      priority,
      group,
      maxAttempts,
      notBefore: now + delay,
      expiresAt: now + expiresIn,
      attempts: 0,
      token: 0,
      leasedUntil: undefined,
      reason: undefined,
    });
  }

  /**
   * Takes what is next. What is met before that may not be handed out any more is
   * buried first, and then looked again: what that lets through, in its group, may
   * come before what was found.
   */
  take(now: number): Job | undefined {
    for (;;) {
      const ready = this.jobs.filter((job) => this.#isReady(job, now))
        .sort((a, b) => b.priority - a.priority || a.number - b.number);
      const next = ready.findIndex((job) => doomOf(job, now) === undefined);
      const doomed = next < 0 ? ready : ready.slice(0, next);
      for (const job of doomed) this.bury(job, doomOf(job, now));
      if (doomed.length > 0) continue;
      if (next < 0) return undefined;
      const job = ready[next];
      job.attempts++;
      job.token = ++this.#tokens;
      job.leasedUntil = now + this.#lease;
      return job;
    }
  }

  /** Whether a message is held by who took it with a token. */
  isHeld(job: Job, token: number, now: number): boolean {
    return this.jobs.includes(job) && job.token === token &&
      (job.leasedUntil ?? 0) > now;
  }

  remove(job: Job): void {
    this.jobs = this.jobs.filter((other) => other !== job);
  }

  giveBack(job: Job, notBefore: number): void {
    job.leasedUntil = undefined;
    job.notBefore = notBefore;
  }

  bury(job: Job, reason: string | undefined): void {
    this.remove(job);
    job.reason = reason;
    this.dead.push(job);
    this.dead.sort((a, b) => a.number - b.number);
  }

  redrive(numbers: readonly number[]): void {
    for (const job of this.dead.filter((job) => numbers.includes(job.number))) {
      this.dead = this.dead.filter((other) => other !== job);
      Object.assign(job, {
        notBefore: 0,
        expiresAt: Infinity,
        attempts: 0,
        leasedUntil: undefined,
      });
      this.jobs.push(job);
    }
    this.jobs.sort((a, b) => a.number - b.number);
  }

  #isReady(job: Job, now: number): boolean {
    const { group, leasedUntil = 0, notBefore } = job;
    if (leasedUntil > now || notBefore > now) return false;
    if (group === undefined) return true;
    const others = this.jobs.filter((other) => other.group === group);
    return others[0] === job &&
      others.every(({ leasedUntil = 0 }) => leasedUntil <= now);
  }
}

/** Why a message is not handed out any more, if that is so. */
function doomOf(job: Job, now: number): string | undefined {
  const { expiresAt, attempts, maxAttempts, leasedUntil, reason } = job;
  if (expiresAt <= now) return "expired";
  if (attempts < maxAttempts) return undefined;
  return leasedUntil === undefined
    ? reason ?? "no attempt is left"
    : `the lease of attempt ${attempts} ran out`;
}
