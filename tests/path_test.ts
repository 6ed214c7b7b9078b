import { assertEquals } from "@std/assert";
import { splitPath } from "../src/path.ts";
import { test } from "./support/harness.ts";

test("splitPath() parts a directory from a name", () => {
  const cases = [
    ["a", ".", "a"],
    ["./a", ".", "a"],
    ["d/a", "d", "a"],
    ["/a", "/", "a"],
    ["/d/e/a", "/d/e", "a"],
    ["C:\\d\\a", "C:\\d", "a"],
    ["\\a", "\\", "a"],
  ];
  for (const [path, dir, base] of cases) {
    assertEquals(splitPath(path), { dir, base }, path);
  }
});
