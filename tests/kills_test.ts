import { assert, assertEquals } from "@std/assert";
import { Campaign } from "./kills/campaign.ts";
import { HELD } from "./kills/job.ts";
import { Judge } from "./kills/judge.ts";
import { type Call, type Request, requestsOf } from "./kills/messages.ts";
import { runtime, test, withDirectory } from "./support/harness.ts";
import { RUNTIMES } from "./support/processes.ts";

/** Kills of each runtime, by tests on each of the three. */
const KILLS = 8;
const SEED = 1;

/** The first call of a round whose messages are as they are wanted. */
function callWith(
  isWanted: (requests: readonly Request[]) => boolean,
  { round, n }: Call = { round: 1, n: 1 },
): Call {
  while (!isWanted(requestsOf(SEED, { round, n }))) n++;
  return { round, n };
}

const isSingle = ([{ group, dedupeKey }, ...rest]: readonly Request[]) =>
  rest.length === 0 && group === undefined && dedupeKey === undefined;
const nameOf = ({ round, n }: Call) => `${round}-${n}`;

const SINGLE = callWith(isSingle);
const ID = nameOf(SINGLE);
const SENT = `sent ${SINGLE.round} ${SINGLE.n} ${ID}`;
const ACKED = [`got ${ID} 1 1 0`, `will ack ${ID}`, `did ack ${ID}`];
const GROUPED = callWith(([{ group }, ...rest]) =>
  rest.length === 0 && group !== undefined
);
const BEHIND = callWith(
  ([{ group }, ...rest]) =>
    rest.length === 0 && group === requestsOf(SEED, GROUPED)[0].group,
  { ...GROUPED, n: GROUPED.n + 1 },
);
const KEYED = callWith(([{ dedupeKey }]) => dedupeKey !== undefined);
const SAME_KEY = callWith(
  ([{ dedupeKey }]) => dedupeKey === requestsOf(SEED, KEYED)[0].dedupeKey,
  { ...KEYED, n: KEYED.n + 1 },
);
const BATCH = callWith((requests) =>
  requests.length > 1 && requests[0].group === undefined
);

/** What a judge says of some lines, at the end of which the queue was drained. */
function judge(...lines: string[]): string[] {
  const judge = new Judge(SEED);
  for (const line of ["begin 0", ...lines]) judge.hear(line);
  judge.drained();
  return judge.problems;
}

test("Judge finds nothing wrong with what may be", () => {
  assertEquals(judge(SENT, ...ACKED), []);
  assertEquals(judge(...ACKED, SENT), [], "the consumer was faster");
  assertEquals(judge(`got ${ID} 1 1 0`, `will ack ${ID}`), [], "it is gone");
  const again = [`begin ${HELD}`, `got ${ID} 3 1 ${HELD}`, `will ack ${ID}`];
  assertEquals(judge(SENT, `got ${ID} 1 1 0`, ...again), []);
  const [one, other] = [nameOf(KEYED), nameOf(SAME_KEY)];
  assertEquals(
    judge(
      `sent ${KEYED.round} ${KEYED.n} ${one}`,
      `sent ${SAME_KEY.round} ${SAME_KEY.n} ${one}`,
      `got ${one} 1 1 0`,
      `will ack ${one}`,
    ),
    [],
    other,
  );
});

const [FIRST, SECOND] = [nameOf(GROUPED), nameOf(BEHIND)];
const FOUND: Record<string, [lines: string[], problem: string]> = {
  "an enqueue that was lost": [[SENT], `${ID} was acknowledged, and is lost`],
  "a message that was handed out and lost": [
    [`got ${ID} 1 1 0`],
    `${ID} was not settled, and is lost`,
  ],
  "an acknowledged message that came back": [
    [...ACKED, `got ${ID} 2 1 0`, `will ack ${ID}`],
    `${ID} was handed out, though it is acknowledged`,
  ],
  "an attempt that was not counted": [
    [`got ${ID} 1 1 0`, `begin ${HELD}`, `got ${ID} 1 1 ${HELD}`],
    `${ID} was handed out as attempt 1 after 1`,
  ],
  "a message that was handed out twice": [
    [`got ${ID} 1 1 0`, `got ${ID} 2 1 ${HELD - 1}`],
    `${ID} was handed out while it was held`,
  ],
  "an id that is two messages": [
    [`got ${ID} 1 1 0`, `will retry ${ID}`, `got ${ID} 2 9 0`],
    `${ID} is message 1 and 9`,
  ],
  "a group of which two messages are worked on": [
    [`got ${FIRST} 1 1 0`, `got ${SECOND} 1 2 0`],
    `${SECOND} was handed out beside ${FIRST}`,
  ],
  "a group that is out of order": [
    [`got ${SECOND} 1 2 0`, `will ack ${SECOND}`, `got ${FIRST} 1 1 0`],
    `${FIRST} was handed out behind ${SECOND}`,
  ],
  "a key of two messages": [
    [`got ${nameOf(KEYED)} 1 1 0`, `got ${nameOf(SAME_KEY)} 1 2 0`],
    `${nameOf(SAME_KEY)} and ${nameOf(KEYED)} have the key`,
  ],
  "a part of a batch": [
    [`got ${nameOf(BATCH)}.0 1 1 0`, `will ack ${nameOf(BATCH)}.0`],
    `1 of batch ${nameOf(BATCH)} of`,
  ],
  "a lease that was lost too early": [
    [`got ${ID} 1 1 0`, `will ack ${ID}`, `lost ack ${ID} ${HELD - 1}`],
    `the lease of ${ID} was lost before its time`,
  ],
  "what a process did not expect": [
    ["wrong payload"],
    "a process printed: wrong payload",
  ],
};

for (const [name, [lines, problem]] of Object.entries(FOUND)) {
  test(`Judge finds ${name}`, () => {
    const problems = judge(...lines);
    assert(
      problems.some((one) => one.startsWith(problem)),
      `${problem}: ${problems.join("; ")}`,
    );
  });
}

test("MiniQueue keeps what it promised to processes on three runtimes that are killed in turn", () =>
  withDirectory(async (directory) => {
    const seed = RUNTIMES.indexOf(runtime) + 1;
    const { kills, checks, counts, violations } = await new Campaign({
      seed,
      directory,
      kills: KILLS,
      runtimes: RUNTIMES,
      lanes: 3,
    }).run();
    assertEquals(violations, [], `seed ${seed}`);
    for (const one of RUNTIMES) assert(kills[one] >= KILLS, one);
    assert(checks > 0 && counts.acked > 0, `${counts.acked} acknowledged`);
  }));
