/** What JSON would change, and no file takes. */

/** What is no plain object. */
class Point {
  x = 1;
}
const cycle: { self?: unknown } = {};
cycle.self = cycle;
const ring: unknown[] = [];
ring.push([0, [ring]]);

/** An object with a member that is not enumerable. */
function hidden(key: string | symbol): object {
  return Object.defineProperty({ a: 1 }, key, { value: () => 1 });
}

/** What is refused, and what the error says of a record that is that. */
export const REFUSED: [string, unknown, RegExp][] = [
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

/** More levels than an engine goes down. */
export const TOO_DEEP: unknown = nested(1_000_000);

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}
