import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  containerProblem,
  copyExactly,
  leafProblem,
  toJson,
  UnfaithfulError,
} from "../src/exact_json.ts";
import { encodeExactly, strictJson } from "../src/wal/codec.ts";
import { test } from "./support/harness.ts";
import { REFUSED } from "./support/refused_values.ts";

/** Whether two values of JSON are the same, with their prototypes, -0 and the order of keys. */
function isSame(one: unknown, two: unknown): boolean {
  if (typeof one !== "object" || typeof two !== "object" || !one || !two) {
    return Object.is(one, two);
  }
  const keys = Reflect.ownKeys(one);
  return Object.getPrototypeOf(one) === Object.getPrototypeOf(two) &&
    keys.join() === Reflect.ownKeys(two).join() &&
    keys.every((key) =>
      isSame(
        Object.getOwnPropertyDescriptor(one, key)?.value,
        Object.getOwnPropertyDescriptor(two, key)?.value,
      )
    );
}

test("strictJson.encode() leaves undefined members out and makes -0 a 0", () => {
  for (
    const [value, text] of [
      [-0, "0"],
      [{ a: -0, b: [-0, 1] }, '{"a":0,"b":[0,1]}'],
      [{ a: undefined, b: 1, c: { d: undefined } }, '{"b":1,"c":{}}'],
    ] as const
  ) {
    assertEquals(strictJson.encode(value), text);
    assertEquals(encodeExactly(value).text, text);
    assert(isSame(copyExactly(value), JSON.parse(text)), text);
  }
});

test("copyExactly() gives what a replay gives, and nothing that the caller holds", () => {
  const bare = Object.assign(Object.create(null), { a: [{}] });
  const own = JSON.parse('{"__proto__":{"x":[1]},"constructor":{"y":-0}}');
  const given = { bare, own, none: undefined, list: [bare, null, "x", true] };
  const copy = copyExactly(given);
  assert(isSame(copy, JSON.parse(JSON.stringify(given))));
  bare.a[0].late = 1;
  own.constructor.y = 2;
  assert(isSame(copy, copyExactly(copy)));
  assert(!JSON.stringify(copy).includes("late"));
});

test("strictJson.encode() reads each member once, and writes what it read", () => {
  let reads = 0;
  const list = Object.defineProperty([0, 0], 0, {
    enumerable: true,
    get: () => ++reads,
  });
  const record = {
    get a() {
      return ++reads;
    },
    b: {
      get c() {
        return ++reads % 2 ? NaN : { n: reads };
      },
    },
    list,
  };
  assertEquals(
    strictJson.encode(record),
    '{"a":1,"b":{"c":{"n":2}},"list":[3,0]}',
  );
  reads = 10;
  const { exact, text } = encodeExactly(record);
  assertEquals(text, '{"a":11,"b":{"c":{"n":12}},"list":[13,0]}');
  assertEquals(JSON.stringify(exact), text);
  assertEquals(reads, 13);
});

test("strictJson.encode() writes an array as its items", () => {
  const found = "a-1".match(/(\w)-(\d)/);
  assertEquals(strictJson.encode({ found }), '{"found":["a-1","a","1"]}');
  const named = Object.assign([1], { x: 1, [Symbol("s")]: 2 });
  assert(isSame(copyExactly(named), [1]));
});

test("strictJson.encode() writes a proxy as what it shows", () => {
  const target = { a: 1, b: { c: 2 } };
  const proxy = new Proxy(target, {
    get: (object, key) =>
      key === "a" ? -0 : key === "toJSON" ? () => 1 : Reflect.get(object, key),
  });
  assertEquals(strictJson.encode([proxy]), '[{"a":0,"b":{"c":2}}]');
  assertEquals(strictJson.encode(new Proxy([1, 2], {})), "[1,2]");
});

test("strictJson.encode() refuses everything while a prototype has toJSON, and says which", () => {
  for (
    const [prototype, name] of [
      [Object.prototype, "Object.prototype"],
      [Array.prototype, "Array.prototype"],
    ] as const
  ) {
    Object.defineProperty(prototype, "toJSON", {
      value: () => 1,
      configurable: true,
    });
    try {
      for (
        const record of [[1], { a: [1] }, {
          get a() {
            return [];
          },
        }]
      ) {
        for (const encode of [strictJson.encode, encodeExactly]) {
          const error = assertThrows(() => encode(record), TypeError);
          assert(error.message.includes(`toJSON from ${name}`), error.message);
        }
      }
      assertThrows(() => toJson([1]), UnfaithfulError, "toJSON");
      assertEquals(strictJson.encode("a string"), '"a string"');
    } finally {
      delete (prototype as { toJSON?: unknown }).toJSON;
    }
  }
});

test("strictJson.encode() does not mind other members of Object.prototype", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  const added = {
    legacy: () => 1,
    none: undefined,
    data: { a: NaN },
    zero: -0,
  };
  Object.assign(prototype, added);
  try {
    for (const value of [{}, { a: { none: undefined, b: 1 } }, [{ zero: 1 }]]) {
      assertEquals(strictJson.encode(value), JSON.stringify(value));
      assertEquals(encodeExactly(value).text, JSON.stringify(value));
      const copy = copyExactly(value) as object;
      assert(!Object.hasOwn(copy, "data") && !Object.hasOwn(copy, "zero"));
    }
  } finally {
    for (const key of Object.keys(added)) delete prototype[key];
  }
});

test("strictJson.encode() finds a cycle before it has copied what is next to it", () => {
  let reads = 0;
  const record: Record<string, unknown> = {
    get first() {
      return ++reads;
    },
  };
  record.self = { record };
  assertThrows(
    () => strictJson.encode(record),
    TypeError,
    "record.self.record",
  );
  assertEquals(reads, 1);
  const part = { a: 1 };
  assertEquals(strictJson.encode([part, part]), '[{"a":1},{"a":1}]');
});

test("strictJson.encode() passes on what a getter throws as the cause", () => {
  const thrown = new Error("no such column");
  const record = {
    get a() {
      throw thrown;
    },
  };
  const error = assertThrows(() => strictJson.encode(record), TypeError);
  assertEquals(error.message, "Cannot encode the record: no such column");
  assertEquals(error.cause, thrown);
});

test("containerProblem() and leafProblem() say what copyExactly() says", () => {
  for (const [what, value] of REFUSED) {
    if (typeof value !== "object" || value === null) {
      assert(leafProblem(value) !== undefined, what);
      continue;
    }
    const error = assertThrows(() => copyExactly(value), UnfaithfulError);
    const own = error.where === "" ? error.what : undefined;
    assertEquals(containerProblem(value), own, what);
  }
  for (const value of [0, -0, 1.5, "", true, null]) {
    assertEquals(leafProblem(value), undefined);
  }
});

test("strictJson.encode() gives what JSON.stringify gives", () => {
  for (const value of [1, "a", [1, { b: null }], { a: { b: [true] } }]) {
    assertEquals(strictJson.encode(value), JSON.stringify(value));
  }
});
