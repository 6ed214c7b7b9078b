import { assert, assertEquals, assertThrows } from "@std/assert";
import { plainSource } from "../src/snapshot/plain.ts";
import {
  type JsonSource,
  LARGE,
  type PieceLimits,
  prettyPieces,
} from "../src/snapshot/pretty.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { randomJson } from "./support/json_values.ts";

const LIMITS: readonly PieceLimits[] = [
  { weight: 1, light: 1, parts: 1 },
  { weight: 2, light: 1, parts: 2 },
  { weight: 7, light: 2, parts: 5 },
  { weight: 128, light: 16, parts: 256 },
];

function piecesOf(value: unknown, limits?: PieceLimits): string[] {
  return [...prettyPieces(value, plainSource(), limits)];
}

function check(value: unknown): void {
  const text = JSON.stringify(value, null, 2);
  for (const limits of LIMITS) {
    assert(piecesOf(value, limits).join("") === text, text.slice(0, 1000));
  }
}

test("prettyPieces() gives the text of JSON.stringify for values of every shape", () => {
  for (
    const value of [
      0,
      -1.5e300,
      "",
      "grüße 🎈 \u0000\u2028\ud800",
      true,
      null,
      [],
      {},
      [[], {}, [[]], [{}], { a: [] }, { a: {} }],
      { "": { "": [] }, "\n": 1, '"': { "\\": [1] } },
      { 2: "b", 1: "a", z: 0, 10: { 3: 1, y: 2, 0: 3 } },
      JSON.parse('{"__proto__":{"__proto__":[1,2,{}]},"constructor":1}'),
      { kept: 1, left: undefined, out: { left: undefined } },
      { a: undefined, b: undefined },
      Object.assign(Object.create(null), { a: [1, 2, 3] }),
    ]
  ) check(value);
});

test("prettyPieces() gives the text of JSON.stringify for values by chance", () => {
  const random = new SeededRandom(7);
  for (let n = 0; n < 400; n++) check(randomJson(random, 60));
});

test("prettyPieces() opens containers that are deep, wide, or both", () => {
  let deep: unknown = { end: [1] };
  for (let n = 0; n < 200; n++) deep = n % 2 ? [n, deep, "x"] : { n, deep };
  check(deep);
  check(Array.from({ length: 3000 }, (_, n) => n));
  check(
    Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [`k${n}`, { n, list: [n, n] }]),
    ),
  );
});

test("prettyPieces() keeps pieces short, but never cuts a string", () => {
  const long = "x".repeat(1_000_000);
  const value = {
    list: Array.from(
      { length: 20_000 },
      (_, n) => ({ n, text: "y".repeat(50) }),
    ),
    long,
    mixed: Array.from(
      { length: 300 },
      (_, n) => n < 150 ? n : [n, "z".repeat(6000)],
    ),
  };
  const pieces = piecesOf(value);
  assert(pieces.join("") === JSON.stringify(value, null, 2));
  const lengths = pieces.map(({ length }) => length).sort((a, b) => b - a);
  assertEquals(lengths[0], long.length + 2);
  assert(lengths[1] < 262_144, `A piece has ${lengths[1]} characters`);
});

test("prettyPieces() says where JSON would change the state", () => {
  class Thing {}
  const list = Array.from({ length: 1000 }, (_, n) => n);
  const cases: [unknown, string][] = [
    [{ a: [1, NaN] }, "state.a[1], which is NaN"],
    [{ list, a: [...list, -Infinity] }, "state.a[1000], which is -Infinity"],
    [
      { list, "b c": { d: undefined, e: [undefined] } },
      'state["b c"].e[0], which is undefined',
    ],
    [{ list, at: new Date(0) }, "state.at, which is an instance of Date"],
    [[...list, new Map()], "state[1000], which is an instance of Map"],
    [
      { list, a: { thing: new Thing() } },
      "state.a.thing, which is an instance of Thing",
    ],
    [{ list, a: () => 1 }, "state.a, which is a function"],
    [{ list, a: 1n }, "state.a, which is a bigint"],
    [
      { list, a: { [Symbol("s")]: 1 } },
      "state.a, which is an object with symbol keys",
    ],
    [
      { list, a: { toJSON: () => 1 } },
      "state.a.toJSON, which is a function",
    ],
    [
      { list, a: Object.assign([1], { toJSON: () => 1 }) },
      "state.a, which is an array with toJSON",
    ],
    [
      { list, a: [Object.defineProperty({}, "toJSON", { value: () => 1 })] },
      "state.a[0], which is an object with a member that is not enumerable",
    ],
    [Infinity, "state, which is Infinity"],
    [undefined, "state, which is undefined"],
  ];
  for (const [value, message] of cases) {
    for (const limits of LIMITS) {
      const error = assertThrows(() => piecesOf(value, limits), TypeError);
      assertEquals(
        error.message,
        `Cannot encode the state: JSON would change ${message}`,
      );
    }
  }
});

test("prettyPieces() refuses a state that contains itself", () => {
  const inner: Record<string, unknown> = {};
  const state = { a: [{ inner }] };
  inner.back = state.a;
  for (const limits of LIMITS) {
    const error = assertThrows(() => piecesOf(state, limits), TypeError);
    assert(error.message.includes("which is a part of itself"), error.message);
  }
});

test("prettyPieces() lists the keys of an object once, also if it is found large twice", () => {
  let listed = 0;
  const inner = Object.fromEntries(
    Array.from({ length: 300 }, (_, n) => [`k${n}`, n]),
  );
  const watched = new Proxy(inner, {
    ownKeys(target) {
      listed++;
      return Reflect.ownKeys(target).filter((key) => typeof key === "string");
    },
  });
  const expected = JSON.stringify({ a: { inner } }, null, 2);
  assertEquals(piecesOf({ a: { inner: watched } }).join(""), expected);
  assertEquals(listed, 3); // and once for symbols, and what is not enumerable
});

test("prettyPieces() makes -0 a 0, leaves undefined out, and writes an array as its items", () => {
  const state = {
    zero: -0,
    list: Object.assign([-0], { named: 1 }),
    none: undefined,
  };
  for (const limits of LIMITS) {
    assertEquals(
      piecesOf(state, limits).join(""),
      '{\n  "zero": 0,\n  "list": [\n    0\n  ]\n}',
    );
  }
});

test("prettyPieces() reads each getter once, whatever is found too large, and writes what it read", () => {
  let reads = 0;
  /** Every container in it has members that are getters, in order. */
  const counting = (depth: number, width: number): unknown => {
    const object = depth % 2 === 0 ? {} : new Array(width);
    for (let n = 0; n < width; n++) {
      Object.defineProperty(object, Array.isArray(object) ? n : `k${n}`, {
        enumerable: true,
        get: () => depth === 0 || n % 3 ? ++reads : counting(depth - 1, width),
      });
    }
    return object;
  };
  for (const limits of LIMITS) {
    for (const [depth, width] of [[0, 5], [1, 9], [4, 5], [2, 40], [1, 300]]) {
      reads = 0;
      const text = piecesOf(counting(depth, width), limits).join("");
      const numbers = text.match(/\b\d+\b(?!")/g) ?? [];
      assertEquals(numbers.length, reads, `${depth} ${width}`);
      assertEquals(new Set(numbers).size, reads);
    }
  }
});

test("prettyPieces() refuses a state while a prototype has toJSON", () => {
  const prototype = Array.prototype as { toJSON?: unknown };
  const source: JsonSource = { open: () => undefined, small: (value) => value };
  prototype.toJSON = () => 1;
  try {
    const error = assertThrows(() => piecesOf({ a: [1] }), TypeError);
    assertEquals(
      error.message,
      "Cannot encode the state: JSON would change state.a, which is an array with toJSON from Array.prototype",
    );
    assertThrows(
      () => [...prettyPieces([1], source)],
      TypeError,
      "toJSON from Array.prototype",
    );
  } finally {
    delete prototype.toJSON;
  }
});

test("prettyPieces() gives what a source of its own makes up", () => {
  const source: JsonSource = {
    open: (value) => {
      if (typeof value !== "number") return undefined;
      const members = Array.from(
        { length: value },
        (_, n) => [`k${n}`, n % 2 ? value - 1 : `${n}`] as const,
      );
      return {
        kind: value % 2 ? "array" : "object",
        members: members.values(),
      };
    },
    small: (value) => typeof value === "number" && value > 0 ? LARGE : value,
  };
  const plain = (value: unknown): unknown => {
    const container = source.open(value);
    if (!container || value === 0) return value;
    const members: (readonly [string, unknown])[] = [];
    for (let next = container.members.next(); !next.done;) {
      members.push([next.value[0], plain(next.value[1])]);
      next = container.members.next();
    }
    return container.kind === "array"
      ? members.map(([, value]) => value)
      : Object.fromEntries(members);
  };
  assertEquals(
    [...prettyPieces(5, source)].join(""),
    JSON.stringify(plain(5), null, 2),
  );
});
