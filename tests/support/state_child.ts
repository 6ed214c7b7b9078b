// Opens the state in the directory of its argument and applies mutations until it
// is killed, with snapshots and compactions between; prints each number when it is
// acknowledged.
import process from "node:process";
import { StateManager } from "../../mod.ts";
import { EMPTY, REDUCE } from "./states.ts";

const [directory] = process.argv.slice(2);
const state = await StateManager.open(directory, {
  initial: EMPTY,
  apply: REDUCE,
  maxSegmentBytes: 500,
});
for (;;) {
  const sequence = await state.apply({ add: { by: 1 } });
  process.stdout.write(`${sequence}\n`);
  if (sequence % 7 === 0) await state.createSnapshot();
  if (sequence % 10 === 0) await state.compact();
}
