import { assertEquals } from "@std/assert";
import { conflict, effectsOf } from "../src/testing/conflicts.ts";
import { SimulatedFile } from "../src/testing/disk.ts";
import type { Operation } from "../src/testing/faults.ts";
import { test } from "./support/harness.ts";

const f = new SimulatedFile(new Uint8Array(0));
const g = new SimulatedFile(new Uint8Array(0));

/** A call as text: `kind path [to]`; the handles of `f` and `d/../f` are of one file. */
function effects(call: string) {
  const [kind, path, to] = call.split(" ");
  const onHandle = ["read", "write", "truncate", "size", "dataSync", "sync"];
  const lookUp = (path: string) => path === "f" ? f : undefined;
  const file = onHandle.includes(kind) ? path === "g" ? g : f : undefined;
  return effectsOf({ kind, path, to } as Operation, file, lookUp);
}

test("conflict() says of two calls whether their order matters", () => {
  const CONFLICTS: readonly (readonly [string, string, boolean])[] = [
    ["write f", "write f", true],
    ["write f", "write g", false],
    ["write f", "sync f", true],
    ["write f", "dataSync d/../f", true],
    ["write f", "read f", true],
    ["write f", "close f", false],
    ["truncate f", "size f", true],
    ["truncate f", "stat f", true],
    ["read f", "size f", false],
    ["sync f", "rename f g", false],
    ["rename f g", "open-read g", true],
    ["rename f g", "open-write f", true],
    ["rename f g", "stat d/../g", true],
    ["rename f g", "open-read h", false],
    ["rename f g", "rename g h", true],
    ["rename f d/g", "syncDir d", true],
    ["rename f d/g", "syncDir .", true],
    ["rename f d/g", "syncDir e", false],
    ["remove f", "create f", true],
    ["remove f", "create g", false],
    ["remove d/f", "readDir d", true],
    ["mkdir d", "create d/f", true],
    ["mkdir d", "syncDir d", true],
    ["mkdir d", "syncDir .", true],
    ["lock f", "lock f", true],
    ["lock f", "lock g", false],
    ["stat f", "open-read f", false],
  ];
  for (const [a, b, expected] of CONFLICTS) {
    for (const [one, other] of [[a, b], [b, a]]) {
      const found = conflict(effects(one), effects(other));
      assertEquals(found, expected, `${one}, ${other}`);
    }
  }
});
