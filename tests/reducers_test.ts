import { assert, assertEquals } from "@std/assert";
import { type Defect, openModel } from "./reducers/model.ts";
import { type Counts, play, type PlayOptions } from "./reducers/play.ts";
import { drawProgram, sourceOf } from "./reducers/program.ts";
import { drawSession, programsOf } from "./reducers/session.ts";
import { type Finding, showFinding, shrink } from "./reducers/shrink.ts";
import type { Reduce } from "./reducers/subject.ts";
import { runtime, test } from "./support/harness.ts";

/** The first session of a seed that shows a difference, made small; none in so many programs. */
async function find(
  seed: number,
  programs: number,
  options: PlayOptions = {},
): Promise<{ finding: Finding | undefined; counts: Counts }> {
  const counts = { programs: 0, applied: 0, refused: 0, declined: 0 };
  for (let number = 1; counts.programs < programs; number++) {
    const session = drawSession(seed, number);
    const difference = await play(session, options, counts);
    if (difference === undefined) continue;
    return { finding: await shrink({ session, difference }, options), counts };
  }
  return { finding: undefined, counts };
}

/** Deno and Node have the same engine: one of the two tries them all. */
const PROGRAMS = runtime === "deno" ? 4_000 : 12_000;

test(`A reducer does to the state what JavaScript does to a plain object, in the first ${PROGRAMS} programs of the laboratory`, async () => {
  const { finding } = await find(1, PROGRAMS);
  assertEquals(finding && showFinding(finding), undefined);
});

test("The laboratory of reducers finds nothing in a state that does what it must", async () => {
  const { finding, counts } = await find(2, 1500, { open: openModel() });
  assertEquals(finding && showFinding(finding), undefined);
  assert(counts.applied > counts.programs / 2, "too few programs are applied");
  assert(counts.refused > counts.programs / 20, "too few programs are refused");
});

test("drawSession() draws the same session again, whatever was drawn before", () => {
  const first = JSON.stringify(drawSession(7, 3));
  drawSession(8, 900);
  assertEquals(JSON.stringify(drawSession(7, 3)), first);
  assert(JSON.stringify(drawSession(7, 4)) !== first);
  assert(JSON.stringify(drawSession(8, 3)) !== first);
  assertEquals(sourceOf(drawProgram(5)), sourceOf(drawProgram(5)));
});

/** Runs the reducer on a state that copies what is stored in it. */
function copying(reduce: Reduce): Reduce {
  const proxies = new WeakMap<object, object>();
  const proxyOf = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const known = proxies.get(value);
    if (known) return known;
    const proxy = new Proxy(value, {
      get: (target, key) => proxyOf(Reflect.get(target, key)),
      set(target, key, stored) {
        const isPlain = stored?.constructor === Object;
        const copy = isPlain ? JSON.parse(JSON.stringify(stored)) : stored;
        return Reflect.set(target, key, copy);
      },
    });
    proxies.set(value, proxy);
    return proxy;
  };
  return (state, mutation) => {
    const draft = proxyOf(state);
    const result = reduce(draft as object, mutation);
    return result === draft ? undefined : result;
  };
}

function sorted(text: string): string {
  const entries = Object.entries(JSON.parse(text));
  return JSON.stringify(Object.fromEntries(entries.sort()));
}

const DEFECTS: Readonly<Record<string, [RegExp, Defect]>> = {
  "that what is stored is copied at once": [/^(state|log):/, {
    reduce: copying,
  }],
  "that members are shown in another order": [/^state:/, { store: sorted }],
  "that a mutation is lost": [/^state:/, {
    store: (text, old) => /"n":7\b/.test(text) ? old : text,
  }],
  "that a refused mutation leaves a trace": [/^(trace|state):/, {
    refuse: (text, state) => JSON.stringify(state) ?? text,
  }],
  "that a refused batch leaves a trace": [/^(trace|state):/, {
    keepsBatch: true,
  }],
  "that what JSON cannot hold is stored": [/^not refused:/, { isLax: true }],
  "that reopening gives another state": [/^state:/, { reopen: sorted }],
  "that a state that was read changes": [/^value:/, { isLive: true }],
  "that drafts stay usable": [/^leak:/, { leaks: true }],
};

for (const [what, [message, defect]] of Object.entries(DEFECTS)) {
  test(`The laboratory of reducers finds ${what}, and shrinks the session`, async () => {
    const { finding } = await find(3, 2000, { open: openModel(defect) });
    assert(finding, "nothing was found");
    const shown = showFinding(finding);
    assert(message.test(finding.difference.message), shown);
    const programs = programsOf(finding.session);
    const statements = programs.flatMap((program) => program.statements);
    assert(programs.length <= 3, shown);
    assert(statements.length <= 4, shown);
    assert(shown.includes("--seed=3"), shown);
  });
}
