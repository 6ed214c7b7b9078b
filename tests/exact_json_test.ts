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

class Point {
  x = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = cycle;
const ring: unknown[] = [];
ring.push([0, [ring]]);
let deep: unknown = 1;
for (let n = 0; n < 1_000_000; n++) deep = [deep];

function hidden(key: string | symbol): object {
  return Object.defineProperty({ a: 1 }, key, { value: () => 1 });
}

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

const REFUSED: [string, unknown, RegExp][] = [
  ["undefined", undefined, /undefined/],
  ["a function", () => 1, /record, which is a function/],
  ["a symbol", Symbol("s"), /record, which is a symbol/],
  ["a BigInt", 1n, /record, which is a bigint/],
  ["a BigInt within", { a: [1n] }, /record\.a\[0\], which is a bigint/],
  ["a cycle", cycle, /record\.self, which is a part of itself/],
  [
    "a cycle of arrays",
    ring,
    /record\[0\]\[1\]\[0\], which is a part of itself/,
  ],
  ["NaN", NaN, /NaN/],
  [
    "Infinity within",
    { a: { b: Infinity } },
    /record\.a\.b, which is Infinity/,
  ],
  ["-Infinity", [-Infinity], /-Infinity/],
  ["undefined in an array", [1, undefined], /undefined/],
  ["a hole in an array", [1, , 2], /undefined/],
  ["a Map", new Map([[1, 2]]), /Map/],
  ["a Set within", { a: new Set() }, /Set/],
  ["a Date", { at: new Date(0) }, /Date/],
  ["a RegExp", /x/, /RegExp/],
  ["an Error", new Error("x"), /Error/],
  ["bytes", new Uint8Array(2), /Uint8Array/],
  ["an ArrayBuffer", new ArrayBuffer(2), /ArrayBuffer/],
  ["a boxed number", Object(5), /Number/],
  ["an instance of a class", new Point(), /Point/],
  ["a function within", { a: () => 1 }, /function/],
  ["a toJSON method", { toJSON: () => 1 }, /record\.toJSON, .* a function/],
  ["a toJSON method that is not enumerable", hidden("toJSON"), /enumerable/],
  ["an array with toJSON", Object.assign([1], { toJSON: () => 1 }), /toJSON/],
  ["a member that is not enumerable", [{ b: hidden("x") }], /\[0\]\.b, .*enum/],
  ["a hidden symbol key", hidden(Symbol("s")), /symbol keys/],
  ["an object without a class", Object.create({}), /Object/],
  ["a key that is no name", { "b c": [NaN] }, /record\["b c"\]\[0\], .* NaN/],
  ["a getter that gives NaN", {
    get a() {
      return NaN;
    },
  }, /record\.a, .* NaN/],
  ["a subclass of Array", new (class List extends Array {})(), /List/],
  ["a symbol within", { a: Symbol("s") }, /symbol/],
  ["a symbol key", { [Symbol("s")]: 1 }, /symbol keys/],
];
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
