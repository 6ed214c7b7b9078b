import { readdirSync } from "node:fs";
import process from "node:process";
import { MUTANTS as A } from "./snapshots.ts";
import { MUTANTS as B } from "./states.ts";
import { MUTANTS as C } from "./memory.ts";
import { cleanUp, Tree } from "./tree.ts";
const names = process.argv.slice(2);
const all = [...A, ...B, ...C].filter((m) => names.length === 0 || names.includes(m.name));
const order = ["snapshot_faults","state_faults","snap_damage","snap_store","tree","feed","state_open","state_manager","state_transact","state_apply","mutators","view"];
const tests = readdirSync("tests").filter((n) => /^(snap|state|tree|feed|mutators|view|follow|upkeep|json|pretty|parse|matrix_test)/.test(n) && n.endsWith("_test.ts")).map((n) => n.replace("_test.ts", ""));
const rank = (n: string) => n === "matrix" ? 100 : n === "tree_random" ? 90 : n === "snap_crash" ? 80 : order.includes(n) ? order.indexOf(n) : 50;
console.log(tests.join());
process.once("SIGTERM", () => { cleanUp(); process.exit(1); });
const trees = [new Tree(), new Tree()];
const queue = all.values();
await Promise.all(trees.map(async (tree) => {
  for (const m of queue) {
    const refusal = tree.refusalOf(m);
    if (refusal) { console.log(`${m.name}: REFUSED ${refusal}`); continue; }
    const t = performance.now();
    const out = await tree.with(m, async () => {
      const { passed, output } = await tree.compile();
      if (!passed) return `DOES NOT COMPILE ${output.trim().slice(0, 300)}`;
      const list = tests.toSorted((a, b) => (a === m.likely ? -1 : rank(a)) - (b === m.likely ? -1 : rank(b)));
      for (const f of list) {
        const r = await tree.test(`${f}_test.ts`, "bun", f === "matrix" ? 120 : 60);
        if (!r.passed) return `killed by ${f}${f === m.likely ? "" : " INSTEAD OF " + m.likely}${r.timedOut ? " (timeout)" : ""}`;
      }
      return "SURVIVED";
    });
    console.log(`${m.name}: ${out} ${((performance.now() - t) / 1000).toFixed(0)} s`);
  }
}));
cleanUp();
