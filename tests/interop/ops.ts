// The records of the interop checks, as in src/main.rs: both sides make the same
// record of the same index.

/** A record; the variants of the enum in Rust. */
export type Op =
  | { Set: { value: number } }
  | { Inc: { delta: number } }
  | { Note: { text: string } }
  | { Tag: { name: string | null; color: number | null } }
  | { Measure: { value: number } }
  | { Batch: { ops: Op[]; labels: Record<string, string> } }
  | { Flag: boolean }
  | { Pair: [number, boolean | null] }
  | "Clear";

const CONTROLS = String.fromCharCode(...Array(32).keys());

const TEXTS = [
  "",
  "plain",
  '"quoted" \\ back / forth \\u0041 \\n',
  `${CONTROLS}\x7f\x80\x9f`,
  "naïve Ωμέγα Привет 你好 עברית e\u0301",
  "🦀 👩‍👩‍👧‍👦 🇪🇺 \u{1f44d}\u{1f3fd}",
  "\x85\xa0\u2028\u2029\ud7ff\ue000\ufeff\ufffd\uffff\u{10000}\u{10ffff}",
  '// commit 1 00000000\n// MINISTORE JOURNAL v0.1.4\n{"Set":{"value":1}}\n',
  "first\r\nsecond\tthird\b\f",
  "  spaces around  ",
];

const DELTAS = [
  0,
  -1,
  25,
  -2147483648,
  4294967296,
  -1000000000000,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];

const VALUES = [
  0.5,
  -2.25,
  0.1,
  123456.789,
  0.30000000000000004,
  0.00001,
  2.5e-300,
  5e-324,
  1e21,
  -1.5e300,
  Number.MAX_VALUE,
];

/** Records that both sides read alike and write as different text. */
export const DIFFERING: readonly Op[] = [
  ...[0, 1, -100, 123456789012345680, 1e16, 1e20, 1e-6].map((value) => ({
    Measure: { value },
  })),
  // serde_json keeps the order of the map, JavaScript puts whole numbers first.
  { Batch: { ops: [], labels: { "10": "10", "9": "9", "a": "a" } } },
];

/** What Rust can write and this side can read, but not write: JSON.stringify makes 0 of it. */
export const MINUS_ZERO: Op = { Measure: { value: -0 } };

/** `i64::MAX` as JSON.parse rounds it; written out again it is no i64. */
export const ROUNDED: Op = { Inc: { delta: 2 ** 63 } };

/** The records from one index up to, not including, another. */
export function ops(from: number, to: number): Op[] {
  return Array.from({ length: to - from }, (_, n) => op(from + n));
}

/** A record of three levels for each batch, around another record. */
export function nest(batches: number, inner: Op): Op {
  let op = inner;
  for (let n = 0; n < batches; n++) op = { Batch: { ops: [op], labels: {} } };
  return op;
}

function op(index: number): Op {
  const n = Math.floor(index / 9);
  switch (index % 9) {
    case 0:
      return { Set: { value: (42 + Math.imul(index, 2654435761)) >>> 0 } };
    case 1:
      return { Inc: { delta: DELTAS[n % 8] } };
    case 2:
      // Longer than any window in which journals are read.
      if (n % 11 === 10) return { Note: { text: "long ü ".repeat(50_000) } };
      return { Note: { text: text(n) } };
    case 3: {
      const name = n % 2 === 1 ? text(n) : null;
      return { Tag: { name, color: n % 3 === 1 ? n % 256 : null } };
    }
    case 4:
      return { Measure: { value: VALUES[n % 11] } };
    case 5:
      return batch(n % 6, n);
    case 6:
      return { Flag: n % 2 === 1 };
    case 7:
      return { Pair: [0 - n, n % 3 === 0 ? null : n % 3 === 1] };
    default:
      return "Clear";
  }
}

function batch(depth: number, n: number): Op {
  if (depth === 0) return { Batch: { ops: [], labels: {} } };
  return {
    Batch: {
      ops: [{ Note: { text: text(n) } }, "Clear", batch(depth - 1, n + 1)],
      // In brackets, because without them the key would set the prototype.
      labels: { "": "empty", ["__proto__"]: "key", 'a "b" ü': "" },
    },
  };
}

/** One of the texts. */
export function text(n: number): string {
  return TEXTS[n % TEXTS.length];
}
