import { assertEquals, assertThrows } from "@std/assert";
import { type MutationOf, mutators, type Reduce } from "../mod.ts";
import { test } from "./support/harness.ts";

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
  type Wanted = { readonly inc: { by: number } } | "clear";
  const reduce: Reduce<Counter, Wanted> = mutators({
    inc: (state: Counter, p: { by: number }) => void (state.value += p.by),
    clear: (state: Counter) => void (state.value = 0),
  });
  const union: MutationOf<{ inc: { by: number }; clear: unknown }>[] = [
    "clear",
    { inc: { by: 1 } },
  ];
  for (const mutation of union) reduce({ value: 0 }, mutation, 1);
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
