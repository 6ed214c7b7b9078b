import { assert, assertEquals, assertThrows } from "@std/assert";
import { inspect } from "node:util";
import { MemoryFileSystem, StateManager } from "../mod.ts";
import { runtime, test } from "./support/harness.ts";

type Data = Record<string, unknown>;

/** A mutation is the text of what it does to `state`. */
const apply = (state: Data, body: string): void =>
  new Function("state", body)(state);

function open(initial: Data = {}): Promise<StateManager<Data, string>> {
  const fileSystem = new MemoryFileSystem();
  return StateManager.open("d", { initial, apply, fileSystem });
}

/** How this runtime prints values. */
const PRINTERS: readonly ((value: unknown) => string)[] = [
  inspect,
  ...["Deno", "Bun"].flatMap((name) => {
    const host = (globalThis as Data)[name] as
      | { inspect(value: unknown): string }
      | undefined;
    return host ? [(value: unknown) => host.inspect(value)] : [];
  }),
];

const GROW =
  "for (let n = 0; n < 70; n++) { (state.map ??= {})[`k${n}`] = { n }; (state.list ??= []).push(n); }";

test("StateManager.state prints as what it shows, however large its parts are", async () => {
  const manager = await open({ small: { a: [1, { b: 2 }] } });
  await manager.apply(GROW);
  await manager.apply("state.map.k3.n = 33; delete state.map.k4;");
  const { state } = manager;
  for (const print of PRINTERS) {
    for (const part of ["small", "map", "list"]) {
      const plain = manager.snapshot()[part];
      assertEquals(print(state[part]), print(plain), `${runtime}: ${part}`);
    }
    assertEquals(print(state), print(manager.snapshot()), runtime);
  }
  const pending = manager.apply("state.map.k3.n = 44");
  for (const print of PRINTERS) {
    assert(print(manager.state).includes("33"), "what is not durable is seen");
  }
  await pending;
  await manager.close();
});

test("StateManager.state of small parts can be cloned, that of large ones is refused, and snapshot() can", async () => {
  const manager = await open({ a: { b: [1, 2] } });
  assertEquals(structuredClone(manager.state), { a: { b: [1, 2] } });
  await manager.apply(GROW);
  assertThrows(() => structuredClone(manager.state), DOMException, "cloned");
  const copy = manager.snapshot();
  assertEquals(structuredClone(copy), copy);
  await manager.close();
});

test("StateManager.state reads like ordinary data, however large its parts are", async () => {
  const manager = await open();
  await manager.apply(GROW);
  await manager.apply('state.map["7"] = 1; state.map["3"] = 2;');
  const { state } = manager;
  const plain = manager.snapshot();
  const [map, list] = [state.map, state.list] as [Data, number[]];
  assertEquals(JSON.stringify(state), JSON.stringify(plain));
  assertEquals(Object.keys(map), Object.keys(plain.map as Data));
  assertEquals(Object.keys(map).slice(0, 3), ["3", "7", "k0"]);
  assertEquals({ ...map }, plain.map);
  assertEquals([...list], plain.list);
  assertEquals(list.filter((n) => n > 66), [67, 68, 69]);
  assert(Array.isArray(list) && list.length === 70 && !("70" in list));
  assert("k1" in map && !("x" in map) && "toString" in map);
  assertEquals([map.x, list[70], map.hasOwnProperty], [
    undefined,
    undefined,
    Object.prototype.hasOwnProperty,
  ]);
  const keys: string[] = [];
  for (const key in map) keys.push(key);
  assertEquals(keys, Object.keys(map));
  await manager.close();
});

test("StateManager.state shares what did not change, and is another one where something did", async () => {
  const manager = await open({ a: { n: 1 }, b: { n: 1 } });
  await manager.apply(GROW);
  const before = manager.state;
  await manager.apply("state.b.n = 2");
  const after = manager.state;
  assert(before !== after && before.b !== after.b);
  assert(before.a === after.a && before.map === after.map);
  await manager.apply("state.map.k1.n = 9");
  assert(after.map !== manager.state.map);
  assert((after.map as Data).k2 === (manager.state.map as Data).k2);
  await manager.close();
});

test("StateManager.state shows a part that was in two places for a moment as it is", async () => {
  const manager = await open({ list: [], a: {}, jobs: [], users: {} });
  const bodies = [
    "state.list = [state.a];",
    "for (let n = 0; n < 70; n++) state.list[0][`k${n}`] = n;",
    "state.list = [];",
    "state.a.k5 = 55; state.a.more = 1;",
    "state.jobs.push({ target: state.users });",
    "for (let n = 0; n < 70; n++) state.jobs[0].target[`u${n}`] = n;",
    "state.users = state.jobs.pop().target;",
    "state.users.u1 = 11; state.both = state.users;",
    "state.both.u2 = 22; delete state.users.u3;",
    "[state.users, state.both] = [state.both, state.users];",
    "state.users.u4 = 44;",
  ];
  let plain = manager.snapshot();
  for (const body of bodies) {
    apply(plain, body);
    plain = JSON.parse(JSON.stringify(plain)); // two places, two equal copies
    await manager.apply(body);
    const text = JSON.stringify(plain);
    assertEquals(JSON.stringify(manager.state), text, body);
    assertEquals(JSON.stringify(manager.snapshot()), text, body);
    await manager.transact((state) => {
      assertEquals(JSON.stringify(state), text, body);
      return [];
    });
  }
  await manager.close();
});

test("A draft that a reducer kept can be neither read nor changed when it has ended", async () => {
  const kept: Data[] = [];
  const fileSystem = new MemoryFileSystem();
  const manager = await StateManager.open("d", {
    initial: { a: { n: 1 }, list: [1] } as Data,
    apply: (state: Data, what: string) => {
      if (what === "keep") {
        kept.push(state, state.a as Data, state.list as Data);
      } else state.stolen = kept[1].n;
    },
    fileSystem,
  });
  await manager.apply("keep");
  const uses: ((draft: Data) => unknown)[] = [
    (draft) => draft.n,
    (draft) => draft[0],
    (draft) => "n" in draft,
    (draft) => Object.keys(draft),
    (draft) => ({ ...draft }),
    (draft) => JSON.stringify(draft),
    (draft) => draft.n = 2,
    (draft) => delete draft.n,
    (draft) => Object.getOwnPropertyDescriptor(draft, "n"),
  ];
  for (const draft of kept) {
    for (const use of uses) assertThrows(() => use(draft), TypeError, "ended");
  }
  const refused = manager.apply("steal").then(() => "", String);
  assert((await refused).includes("has ended"), "also by a later reducer");
  assertEquals(manager.snapshot(), { a: { n: 1 }, list: [1] });
  await manager.close();
});

test("A mutation that cannot be carried out as written is refused, also if the reducer catches that", async () => {
  const manager = await open({ a: { n: 1 }, list: [1] });
  const before = JSON.stringify(manager.state);
  const bodies: Record<string, string> = {
    "try { Object.freeze(state.a) } catch {}":
      "Cannot freeze, seal, or prevent extensions of state.a",
    "try { state.list.x = 1 } catch {}":
      "Cannot set x, which JSON has no place for, of",
    "try { state.a[Symbol('s')] = 1 } catch {}":
      "Cannot use Symbol(s) as a key of state.a",
    "Object.setPrototypeOf(state, null)": "Cannot set the prototype of state",
    "Object.defineProperty(state.list, 0, { get() {} })":
      "Cannot define 0 of state.list",
    "state.m = { a: [1, { b: NaN }] }": "Cannot store NaN as state.m.a[1].b",
    "state.a.self = state.a": "Cannot store a part of itself as state.a.self",
    "state.list[3] = 1": "Cannot store a hole as state.list[1]",
    "state.list.push(undefined)": "Cannot store undefined as state.list[1]",
    "state.d = new Date(0)": "Cannot store an instance of Date as state.d",
    "state.l = Object.assign([1], { x: 1 })":
      "Cannot store an array with named members as state.l",
    "state.h = Object.defineProperty({}, 'x', { value: 1 })":
      "Cannot store an object with a member that is not enumerable as state.h",
    "state['a b'] = { f() {} }": 'Cannot store a function as state["a b"].f',
  };
  for (const [body, message] of Object.entries(bodies)) {
    const refused = await manager.apply(body).then(() => "", String);
    assert(refused.includes(message), `${body}: ${refused}`);
    assertEquals(JSON.stringify(manager.state), before, body);
  }
  await manager.close();
});

test("A reducer's values are taken as JSON takes them where the rule says so, and so is initial", async () => {
  let reads = 0;
  const odd = (): Data => ({
    left: undefined,
    zero: -0,
    get once() {
      return ++reads;
    },
    deep: [{ out: undefined, in: -0 }],
  });
  const text = '{"zero":0,"once":1,"deep":[{"in":0}]}';
  const fileSystem = new MemoryFileSystem();
  const manager = await StateManager.open("d", {
    initial: odd(),
    apply: (state: Data) => void (state.odd = odd()),
    fileSystem,
  });
  assertEquals(
    JSON.stringify(manager.state).replace(/"once":\d/, '"once":1'),
    text,
  );
  reads = 0;
  await manager.apply(1);
  assertEquals([JSON.stringify(manager.state.odd), reads], [text, 1]);
  assert(Object.is((manager.state.odd as Data).zero, 0));
  await manager.close();
});
