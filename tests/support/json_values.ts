/** JSON values by chance. */

import type { SeededRandom } from "../../src/testing/random.ts";

const KEYS = [
  "a",
  "b",
  "key",
  "",
  "__proto__",
  "0",
  "7",
  "10",
  "ü",
  '"',
  "\\",
  "\n",
  "long key ".repeat(9),
];
const LEAVES: readonly unknown[] = [
  0,
  1,
  -2.5,
  1e21,
  5e-324,
  true,
  false,
  null,
  "",
  "text",
  "},\n  {",
  '",\n  "',
  "\ud800",
  "\udc00\ud800",
  "🎈\u0000\u001f\u2028",
  "long ".repeat(40),
];

/** A value with at most about `size` parts: deep, wide, with odd keys and strings. */
export function randomJson(random: SeededRandom, size: number): unknown {
  return randomValue(random, { left: random.below(size) }, 0);
}

function randomValue(
  random: SeededRandom,
  budget: { left: number },
  depth: number,
): unknown {
  budget.left--;
  if (depth > 0 && (budget.left < 0 || random.below(3) === 0)) {
    return random.pick(LEAVES);
  }
  const count = random.below(random.pick([1, 3, 3, 5, 30]));
  const values: unknown[] = [];
  while (values.length < count && budget.left > 0) {
    values.push(randomValue(random, budget, depth + 1));
  }
  if (random.below(2) === 0) return values;
  const object: Record<string, unknown> = {};
  for (const [n, value] of values.entries()) {
    const key = random.below(3) === 0 ? random.pick(KEYS) : `k${n}`;
    Object.defineProperty(object, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}
