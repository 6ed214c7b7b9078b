/**
 * A reducer from a map of functions.
 *
 * @module
 */

/**
 * The union of the mutations that a map of mutators takes: `{"inc":{"by":10}}` for
 * a mutator with a payload, as serde writes enums. For a mutator that takes none it
 * is the bare name, `"clear"`, as serde writes it, or the name with an empty object,
 * `{"clear":{}}`; both are carried out alike.
 *
 * @typeParam P The payloads by the name of the mutation; `unknown` for none.
 */
export type MutationOf<P> = {
  [Name in keyof P & string]: unknown extends P[Name]
    ? Name | { readonly [Key in Name]: Record<string, never> }
    : { readonly [Key in Name]: P[Name] };
}[keyof P & string];

/**
 * Functions by the name of the mutation that each carries out: it changes the
 * state in place, or returns a new one; never both.
 *
 * @typeParam S The type of the state.
 * @typeParam P The payloads by the name of the mutation.
 */
export type MutatorMap<S, P> = {
  readonly [Name in keyof P]: (
    state: S,
    payload: P[Name],
    sequence: number,
  ) => S | void;
};

/** Mutators whose functions state the type of their state themselves. */
export type AnyMutatorMap = Readonly<
  Record<string, (state: never, payload: never, sequence: number) => unknown>
>;

/** The state that all functions of a map take. */
export type StateOf<Map extends AnyMutatorMap> = Map[keyof Map] extends
  (state: infer S, ...rest: never) => unknown ? S : never;

/** The payloads by the name of the mutation; `unknown` for a function that takes none. */
export type PayloadsOf<Map extends AnyMutatorMap> = {
  readonly [Name in keyof Map]: Parameters<Map[Name]> extends
    [unknown, infer Payload, ...unknown[]] ? Payload : unknown;
};

/**
 * A reducer of {@linkcode mutators}, which can be called by itself, as in a test.
 *
 * @typeParam S The type of the state.
 * @typeParam M The type of the mutations.
 * @param state The state.
 * @param mutation The mutation.
 * @param sequence Its sequence number; 0 by default.
 */
export type MutatorReduce<S, M> = (
  state: S,
  mutation: M,
  sequence?: number,
) => S | void;

/** Throws a `TypeError` for what is no mutation of a map. */
type CheckKnown = (mutation: unknown) => void;

const checks = new WeakMap<object, CheckKnown>();

/**
 * Makes a reducer of a map of functions, one for each kind of mutation, and infers
 * the union of the mutations, {@linkcode MutationOf}.
 *
 * @example A counter
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryFileSystem, mutators, StateManager } from "@mini-ts/durable";
 *
 * const counter = await StateManager.open("counter", {
 *   initial: { value: 0 },
 *   apply: mutators({
 *     set: (state, p: { value: number }) => {
 *       state.value = p.value;
 *     },
 *     inc: (state, p: { by: number }) => {
 *       state.value += p.by;
 *     },
 *     clear: () => ({ value: 0 }),
 *   }),
 *   fileSystem: new MemoryFileSystem(), // leave it out for real files
 * });
 * await counter.apply({ inc: { by: 10 } });
 * assertEquals(counter.state.value, 10);
 * await counter.apply({ clear: {} }); // or "clear"
 * assertEquals(counter.state.value, 0);
 * await counter.close();
 * ```
 *
 * @typeParam S The type of the state.
 * @typeParam P The payloads by the name of the mutation.
 * @param map The functions by name.
 * @returns The reducer; a mutation that it does not know, or whose payload is
 * `undefined`, is refused before it is written, with a `TypeError`.
 */
export function mutators<S, P>(
  map: MutatorMap<S, P>,
): MutatorReduce<S, MutationOf<P>>;
/**
 * As above, for a map whose functions state the type of their state themselves.
 *
 * @typeParam Map The type of the map.
 * @param map The functions by name.
 * @returns The reducer.
 */
export function mutators<Map extends AnyMutatorMap>(
  map: Map,
): MutatorReduce<StateOf<Map>, MutationOf<PayloadsOf<Map>>>;
export function mutators(
  map: AnyMutatorMap,
): MutatorReduce<unknown, unknown> {
  const functions = new Map(Object.entries(map));
  for (const [name, mutator] of functions) {
    if (typeof mutator === "function") continue;
    throw new TypeError(
      `Cannot use the mutator "${name}": it is not a function`,
    );
  }
  const find = (mutation: unknown) => {
    const name = nameOf(mutation);
    const mutator = name === undefined ? undefined : functions.get(name);
    if (name !== undefined && mutator) return { name, mutator };
    throw new TypeError(
      `Cannot apply ${
        name === undefined ? "the mutation" : `"${name}"`
      }: it is not one of ${[...functions.keys()].join(", ")}`,
    );
  };
  const reduce = (
    state: unknown,
    mutation: unknown,
    sequence = 0,
  ): unknown => {
    const { name, mutator } = find(mutation);
    const payload = typeof mutation === "string"
      ? undefined
      : (mutation as Record<string, unknown>)[name];
    return mutator(state as never, payload as never, sequence);
  };
  checks.set(reduce, (mutation) => {
    const { name } = find(mutation);
    if (typeof mutation === "string") return;
    if ((mutation as Record<string, unknown>)[name] !== undefined) return;
    const known = JSON.stringify(name);
    throw new TypeError(
      `Cannot apply ${known} with undefined: JSON has no place for it; without a payload it is ${known} or {${known}:{}}`,
    );
  });
  return reduce;
}

/** What a reducer of {@linkcode mutators} refuses; nothing for any other. */
export function checkOf(reduce: object): CheckKnown {
  return checks.get(reduce) ?? (() => {});
}

/** The name of a mutation as serde writes it: a bare name, or the only key. */
function nameOf(mutation: unknown): string | undefined {
  if (typeof mutation === "string") return mutation;
  if (typeof mutation !== "object" || mutation === null) return undefined;
  let name: string | undefined;
  for (const key in mutation) {
    if (name !== undefined) return undefined;
    name = key;
  }
  return name;
}
