// deno-lint-ignore-file no-console
/**
 * The process that is killed. It deploys components, eight at a time, and prints
 * the sequence number of each deployment that is acknowledged. Then it deploys
 * many more as one batch: all of them, or none.
 *
 * roll_out.ts DIRECTORY SINGLES BATCH
 */

import { StateManager } from "@mini-ts/durable";
import process from "node:process";
import { deployments, REGISTRY } from "./model.ts";

const WRITERS = 8;

const [directory, singles, batch] = process.argv.slice(2);
const registry = await StateManager.open(directory, REGISTRY);
const all = deployments(registry.state, Number(singles) + Number(batch));
const queue = all.slice(0, Number(singles)).values();
const writer = async () => {
  for (const mutation of queue) console.log(await registry.apply(mutation));
};
await Promise.all(Array.from({ length: WRITERS }, writer));
console.log(await registry.applyAll(all.slice(Number(singles))));
// It does not end by itself, unless whoever was to kill it is gone.
setTimeout(() => {}, 60_000);
