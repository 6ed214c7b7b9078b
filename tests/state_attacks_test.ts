import { assert, assertEquals } from "@std/assert";
import { MemoryFileSystem, MiniQueue, Outbox, StateManager } from "../mod.ts";
import { assertCode } from "./support/errors.ts";
import { test } from "./support/harness.ts";

type Data = Record<string, unknown>;
/** A reducer for one test; a mutation is the number of a step. */
type Step = (state: Record<string, Data>, step: number) => unknown;

function open(initial: Data, apply: Step): Promise<StateManager<Data, number>> {
  const fileSystem = new MemoryFileSystem();
  return StateManager.open<Data, number>("d", {
    initial,
    apply: apply as never,
    fileSystem,
  });
}

function big(count: number): Data {
  const members = Array.from({ length: count }, (_, n) => [`k${n}`, n]);
  return Object.fromEntries(members);
}

test("A reducer's object that inherits from a part of the state is an object of its own", async () => {
  const results: unknown[] = [];
  const manager = await open({ config: { size: 1 } }, (state, step) => {
    const heir = Object.create(state.config);
    if (step === 1) {
      heir.size = 9;
      results.push(heir.size, state.config.size, Object.hasOwn(heir, "size"));
      state.copy = { ...heir };
    } else if (step === 2) state.heir = heir;
    else state.proxy = new Proxy(state.config, { get: () => 42 });
  });
  await manager.apply(1);
  assertEquals(results, [9, 1, true]);
  await assertCode(() => manager.apply(2), "REJECTED");
  await manager.apply(3);
  assertEquals(manager.snapshot(), {
    config: { size: 1 },
    copy: { size: 9 },
    proxy: { size: 42 },
  });
  await manager.close();
});

test("A draft of another run cannot be stored, be its part in place or not", async () => {
  for (const large of [false, true]) {
    let leak: Data = {};
    const initial = { t: big(large ? 70 : 2), n: 0 };
    const manager = await open(initial, (state, step) => {
      if (step === 0) leak = state.t;
      else if (step === 1) state.t.k0 = 100;
      else if (step === 2) state.t = leak;
      else state.x = leak;
    });
    await manager.apply(0);
    await manager.apply(1);
    for (const step of [2, 3]) {
      const refused = await manager.apply(step).then(() => "", String);
      assert(refused.includes("has ended"), refused);
    }
    assertEquals((manager.state.t as Data).k0, 100);
    await manager.close();
  }
});

test("A getter that changes the state while it is stored is refused", async () => {
  const manager = await open({ n: { v: 0 } }, (state) => {
    state.n.v = 1;
    state.a = {
      get x() {
        return state.n.v = 7;
      },
    };
  });
  await assertCode(() => manager.apply(1), "REJECTED");
  assertEquals(manager.snapshot(), { n: { v: 0 } });
  await manager.close();
});

test("StateManager.transact() within a reducer is refused", async () => {
  const refusals: string[] = [];
  const manager = await open({ t: big(70) }, (state, step) => {
    if (step === 2) {
      void manager.transact(() => []).catch((error) =>
        refusals.push(String(error))
      );
    }
    state.t.k0 = step;
  });
  await Promise.all([manager.apply(1), manager.apply(2)]);
  assertEquals(refusals.length, 1);
  assert(refusals[0].includes("within a reducer"));
  assertEquals((manager.state.t as Data).k0, 2);
  await manager.close();
});

test("StateManager.sequence is that of the state, also for a listener that came late", async () => {
  const manager = await open({ n: { v: 0 } }, (state) => {
    state.n.v = Number(state.n.v) + 1;
  });
  const pending = [1, 2, 3].map((step) => manager.apply(step));
  const seen: unknown[] = [];
  manager.subscribe(() =>
    seen.push([manager.sequence, (manager.state.n as Data).v])
  );
  assertEquals(await Promise.all(pending), [1, 2, 3]);
  for (const [sequence, value] of seen as [number, number][]) {
    assertEquals(sequence, value);
  }
  assertEquals(seen.length, 3);
  await manager.close();
});

test("StateManager.apply() takes no longer for a member that changes again and again while the state is read", async () => {
  const manager = await open({ t: big(70) }, (state) => {
    state.t.k0 = Number(state.t.k0) + 1;
  });
  let reads = 0;
  const held = manager.state;
  for (let n = 0; n < 20_000; n++) {
    await manager.apply(n);
    if (manager.state.t !== held.t) reads++;
  }
  assertEquals([reads, (held.t as Data).k0], [20_000, 0]);
  const burst = Array.from(
    { length: 5000 },
    (_, n) => manager.transact(() => [n]),
  );
  await Promise.all(burst);
  assertEquals((manager.state.t as Data).k0, 25_000);
  await manager.close();
});

test("A state keeps its members whatever the prototypes of objects have", async () => {
  const prototype = Object.prototype as unknown as Data;
  const pollutions: [string, PropertyDescriptor][] = [
    ["foo", { value: 5, enumerable: true, configurable: true }],
    ["foo", { value: () => {}, enumerable: true, configurable: true }],
    ["foo", { get: () => undefined, set() {}, configurable: true }],
  ];
  for (const [name, descriptor] of pollutions) {
    const fileSystem = new MemoryFileSystem();
    const options = {
      initial: { t: big(70), u: { foo: 1, b: 2, toString: 3 } } as Data,
      apply: (state: Data) => {
        delete (state.u as Data).b;
        state.y = { n: 1 };
      },
      fileSystem,
    };
    Object.defineProperty(prototype, name, descriptor);
    try {
      const manager = await StateManager.open<Data, number>("d", options);
      await manager.apply(1);
      await manager.createSnapshot();
      const text = JSON.stringify(manager.state);
      await manager.close();
      const again = await StateManager.open<Data, number>("d", options);
      assertEquals(JSON.stringify(again.state), text);
      assertEquals(JSON.stringify(again.snapshot()), text);
      assert(text.endsWith(',"u":{"foo":1,"toString":3},"y":{"n":1}}'), text);
      await again.close();
    } finally {
      delete prototype[name];
    }
  }
});

test("Outbox refuses a reducer that changes its first state and returns another one", async () => {
  const fileSystem = new MemoryFileSystem();
  const queue = await MiniQueue.open("d", { fileSystem });
  await queue.enqueue(1);
  await queue.close();
  const outbox = await Outbox.open("d", {
    initial: { n: 1 },
    apply: (state: { n: number }, by: number) => {
      state.n += by;
      return { n: 7 };
    },
    queue: { fileSystem },
  });
  for (let n = 0; n < 2; n++) {
    await assertCode(() => outbox.commit({ apply: [1] }), "REJECTED");
  }
  assertEquals(outbox.state, { n: 1 });
  await outbox.close();
});

test("StateManager.verify() and a follower's listeners know the mutation as it was written", async () => {
  interface Mutation {
    o: { n: number };
  }
  const options = {
    initial: {} as Data,
    apply: (state: Data, mutation: Mutation) => {
      state.o = mutation.o;
      mutation.o.n += 1;
    },
    fileSystem: new MemoryFileSystem(),
  };
  const manager = await StateManager.open("d", options);
  const follower = await StateManager.follow("d", {
    ...options,
    interval: Infinity,
  });
  const told: unknown[] = [];
  manager.subscribe(({ mutation }) => told.push(mutation));
  follower.subscribe(({ mutation }) => told.push(mutation));
  await manager.apply({ o: { n: 1 } });
  await follower.catchUp();
  assertEquals(told, [{ o: { n: 1 } }, { o: { n: 1 } }]);
  assertEquals([manager.snapshot(), follower.snapshot()], [
    { o: { n: 2 } },
    { o: { n: 2 } },
  ]);
  await follower.close();
  await manager.close();
  assertEquals((await StateManager.verify("d", options)).ok, true);
});

test("A state that was read keeps a member that was removed, added, and removed again", async () => {
  const manager = await open({ t: big(70) }, (state, step) => {
    if (step === 1) {
      const { k0 } = state.t;
      delete state.t.k0;
      state.t.k0 = k0;
    } else delete state.t.k0;
  });
  const held = manager.state.t as Data;
  await Promise.all([manager.transact(() => [1]), manager.apply(2)]);
  await manager.apply(2);
  assertEquals([held.k0, Object.keys(held)[0]], [0, "k0"]);
  assertEquals([(manager.state.t as Data).k0, Object.keys(held).length], [
    undefined,
    70,
  ]);
  await manager.close();
});
