import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type MutationOf,
  mutators,
  Outbox,
  type Reduce,
  StateManager,
} from "../mod.ts";
import { test, withDirectory } from "./support/harness.ts";

interface Counter {
  value: number;
}

test("mutators() calls the function that a mutation names, with its payload", () => {
  const reduce = mutators({
    set: (state: Counter, p: { value: number }) => void (state.value = p.value),
    inc: (state: Counter, p: { by: number }) => void (state.value += p.by),
    clear: (state: Counter) => void (state.value = 0),
  });
  const state = { value: 1 };
  reduce(state, { set: { value: 5 } });
  reduce(state, { inc: { by: 2 } });
  assertEquals(state.value, 7);
  reduce(state, "clear");
  assertEquals(state.value, 0);
  const numbered = mutators({
    note: (state: Counter, _: unknown, sequence) => {
      state.value = sequence;
    },
  });
  numbered(state, "note", 7);
  assertEquals(state.value, 7);
  numbered(state, "note");
  assertEquals(state.value, 0);
});

test("mutators() infers the union of the mutations", () => {
  type Wanted =
    | { readonly inc: { by: number } }
    | { readonly clear: Record<string, never> }
    | "clear";
  const reduce: Reduce<Counter, Wanted> = mutators({
    inc: (state: Counter, p: { by: number }) => void (state.value += p.by),
    clear: (state: Counter) => void (state.value = 0),
  });
  const union: MutationOf<{ inc: { by: number }; clear: unknown }>[] = [
    "clear",
    { clear: {} },
    { inc: { by: 1 } },
  ];
  for (const mutation of union) reduce({ value: 0 }, mutation, 1);
});

type Takes<M, Given> = Given extends M ? true : false;

test("mutators() takes a mutation without a payload as its bare name or with an empty object, and nothing else, as types", () => {
  const reduce = mutators({
    inc: (state: Counter, p: { by: number }) => void (state.value += p.by),
    clear: (state: Counter) => void (state.value = 0),
    reset: () => ({ value: 0 }),
  });
  type M = Parameters<typeof reduce>[1];
  const taken: [
    Takes<M, "clear">,
    Takes<M, { clear: Record<string, never> }>,
    Takes<M, { reset: Record<string, never> }>,
    Takes<M, { inc: { by: number } }>,
  ] = [true, true, true, true];
  const refused: [
    Takes<M, "inc">,
    Takes<M, { inc: Record<string, never> }>,
    Takes<M, { clear: { by: number } }>,
    Takes<M, { clear: undefined }>,
    Takes<M, { clear: null }>,
    Takes<M, { other: Record<string, never> }>,
  ] = [false, false, false, false, false, false];
  // The compiler has looked: a tuple of other types does not compile.
  assertEquals([taken.length, refused.length], [4, 6]);
});

test("mutators() carries out a mutation without a payload alike in both forms, live and replayed", async () => {
  const options = {
    initial: { cleared: 0 },
    apply: mutators({
      clear: (state: { cleared: number }) => void state.cleared++,
    }),
  };
  await withDirectory(async (dir) => {
    const live = await StateManager.open(dir, options);
    await live.apply("clear");
    await live.apply({ clear: {} });
    await live.transact(() => [{ clear: {} }, "clear"]);
    assertEquals(live.state, { cleared: 4 });
    await live.close();
    const replayed = await StateManager.open(dir, options);
    assertEquals(replayed.recovery.replayed, 4);
    assertEquals(replayed.state, { cleared: 4 });
    await replayed.close();
    const report = await StateManager.verify(dir, options);
    assertEquals([report.ok, report.sequence], [true, 4]);
  });
  await withDirectory(async (dir) => {
    const live = await Outbox.open(dir, options);
    await live.commit({ apply: ["clear", { clear: {} }] });
    await live.close();
    const replayed = await Outbox.open(dir, options);
    assertEquals(replayed.state, { cleared: 2 });
    await replayed.close();
  });
});

test("mutators() refuses a payload that is undefined, as JSON would drop it with the name, and writes nothing", async () => {
  await withDirectory(async (dir) => {
    const state = await StateManager.open(dir, {
      initial: { cleared: 0 },
      apply: mutators({
        clear: (state: { cleared: number }) => void state.cleared++,
      }),
    });
    await assertRejects(
      () => state.apply({ clear: undefined } as never),
      TypeError,
      'Cannot apply "clear" with undefined: JSON has no place for it; without a payload it is "clear" or {"clear":{}}',
    );
    assertEquals([state.sequence, state.state], [0, { cleared: 0 }]);
    await state.close();
  });
});

test("mutators() refuses what it does not know", () => {
  const reduce = mutators({
    inc: (state: Counter, p: { by: number }) => void (state.value += p.by),
  });
  const bad: unknown[] = [
    { dec: {} },
    "dec",
    {},
    { inc: {}, dec: {} },
    null,
    1,
    "toString",
    { constructor: 1 },
    [],
  ];
  for (const mutation of bad) {
    assertThrows(
      () => reduce({ value: 0 }, mutation as never),
      TypeError,
      "not one of inc",
    );
  }
  for (
    const [mutation, name] of [[{ dec: {} }, '"dec"'], [1, "the mutation"]]
  ) {
    assertThrows(
      () => reduce({ value: 0 }, mutation as never),
      TypeError,
      `Cannot apply ${name}: it is`,
    );
  }
  assertThrows(
    () => mutators({ inc: 1 } as never),
    TypeError,
    "not a function",
  );
});
