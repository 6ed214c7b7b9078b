import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseJson } from "../src/native_json.ts";
import { SeededRandom } from "../src/testing/random.ts";
import { test } from "./support/harness.ts";
import { randomJson } from "./support/json_values.ts";

test("parseJson() gives back keys with escapes, which JSON.parse of V8 can mix up", () => {
  for (const key of ["\\", '"', "\n", "\\", "\u0001", "a\\", 'a"', "a\n"]) {
    const text = JSON.stringify([{ first: [], [key]: 0 }, {
      first: 1,
      [key]: 2,
    }]);
    assertEquals(JSON.stringify(parseJson(text)), text);
  }
});

test("parseJson() gives the same for values by chance, careful or not", () => {
  const random = new SeededRandom(5);
  for (let n = 0; n < 1000; n++) {
    const value = randomJson(random, 40);
    for (const space of [0, 2]) {
      const text = JSON.stringify(value, null, space);
      assert(JSON.stringify(parseJson(text), null, space) === text, text);
      assert(JSON.stringify(parseJson(text, true), null, space) === text, text);
    }
  }
});

test("parseJson() keeps keys that look like its own names", () => {
  for (
    const text of [
      '{"@0":1,"\\"":{"@@1":[{"\\n" : 2}]}}',
      '{"a\\\\":"@0","@":"\\\\"}',
    ]
  ) {
    const value = parseJson(text, true);
    assertEquals(JSON.stringify(value), text.replace('" : 2', '":2'));
  }
});

test("parseJson() refuses what is no JSON", () => {
  for (
    const text of [
      '{"\\x":1}',
      '{"a\\"\n":1}',
      '{"\\"":1',
      '{,"\\"":1}',
      '{"\\"":1,}',
      '["\\"":1]',
      '{"a\\":1}',
      "{'\\\"':1}",
    ]
  ) assertThrows(() => parseJson(text, true), SyntaxError);
});
