// deno-lint-ignore-file no-console
/**
 * A registry of components: typed state that survives. What is installed in
 * `node_modules` is registered; a process that deploys it is killed in the middle
 * of a write; everything that was acknowledged is there. Run it again, and it
 * registers only what has changed.
 *
 * npm start            on Deno, which may read this folder, write `.data`, and run itself
 * npm run start:bun
 * npm run start:node
 *
 * What a registry is, and what can happen to it, stands in `registry/model.ts`:
 * read that first.
 */

import { DurableError, StateManager } from "@mini-ts/durable";
import { readdir, rm } from "node:fs/promises";
import process from "node:process";
import { crash } from "./registry/crash.ts";
import {
  type Component,
  deployments,
  differences,
  type Mutation,
  REGISTRY,
  type Registry,
} from "./registry/model.ts";
import { installedIn } from "./registry/packages.ts";
import {
  count,
  showBeginning,
  showFiles,
  showLargest,
  step,
} from "./registry/show.ts";

const PACKAGES = "node_modules";
const DIRECTORY = ".data/registry";
const ROLL_OUT = { singles: 400, batch: 100_000 };

type Manager = StateManager<Registry, Mutation>;

/** What must not be, and is. */
const problems: string[] = [];

async function main(): Promise<void> {
  await removeTorn();
  const first = await open();
  const installed = await step(
    "found",
    () => installedIn(PACKAGES),
    (all) => {
      const files = all.reduce((sum, one) => sum + one.files, 0);
      return `${count(all.length, "package")} in ${PACKAGES}, ${
        count(files, "file")
      }`;
    },
  );
  await register(first, installed);
  await refuse(first);
  await step(
    "snapshot",
    () => first.createSnapshot(),
    (sequence) => `of the state behind mutation ${sequence}`,
  );
  const { sequence, journalPath } = first;
  const planned = deployments(
    first.state,
    ROLL_OUT.singles + ROLL_OUT.batch,
  );
  await first.close();

  const acknowledged = await step(
    "killed",
    () => crash(DIRECTORY, journalPath, ROLL_OUT),
    ({ length }) =>
      `a process with ${
        count(length, "acknowledged deployment")
      }, while it wrote a batch of ${ROLL_OUT.batch.toLocaleString("en")}`,
  );

  const second = await open();
  await compare(second, { sequence, planned, acknowledged });
  await verify();
  await register(second, installed);
  await step(
    "compacted",
    () => second.compact(),
    ({ sequence, removedSegments }) =>
      `a snapshot behind mutation ${sequence}, and ${
        count(removedSegments, "segment")
      } of the log removed`,
  );
  await step(
    "deployed",
    () => second.applyAll(deployments(second.state, installed.length)),
    (sequence) => `every component once more, as one batch up to ${sequence}`,
  );
  const state = second.snapshot();
  await second.close();
  await verify();

  showLargest(state);
  await showFiles(DIRECTORY);
  await showBeginning(`${DIRECTORY}/snapshot.json`);
  await showBeginning(journalPath);
}

/** Opens the registry, and tells what was found. */
async function open(): Promise<Manager> {
  return await step(
    "opened",
    () => StateManager.open(DIRECTORY, REGISTRY),
    ({ recovery: { log, snapshot, replayed } }) => {
      if (log.created) return `${DIRECTORY}, which is new`;
      const origin = snapshot === undefined
        ? "no snapshot"
        : `the snapshot behind mutation ${snapshot}`;
      const found = `${origin}, ${count(replayed, "mutation")} from the log`;
      if (log.torn) {
        return `${found}, and ${
          count(log.torn.bytes, "byte")
        } of an unfinished write, cut off and kept aside`;
      }
      return log.closed ? found : `${found}; no write was unfinished`;
    },
  );
}

/** Makes the registry say what is installed, and nothing else. */
async function register(
  registry: Manager,
  installed: readonly Component[],
): Promise<void> {
  const mutations = differences(registry.state, installed);
  await step(
    "registered",
    // All at once: calls that wait together share a sync.
    () => Promise.all(mutations.map((mutation) => registry.apply(mutation))),
    () => {
      if (mutations.length === 0) return "nothing changed, 0 mutations";
      const kinds = ["register", "update", "remove"].map((kind) =>
        `${mutations.filter((mutation) => kind in mutation).length} ${kind}`
      );
      return `${count(mutations.length, "mutation")}: ${kinds.join(", ")}`;
    },
  );
}

/** Tries what the model does not allow. */
async function refuse(registry: Manager): Promise<void> {
  const { sequence } = registry;
  const deployment = { deploy: { name: "no-such-component", revision: 1 } };
  await step(
    "refused",
    () => registry.apply(deployment).catch((error: DurableError) => error),
    (result) => {
      if (typeof result === "number" || registry.sequence !== sequence) {
        problems.push("A deployment of what is not registered was accepted");
        return "nothing";
      }
      const { code, cause } = result;
      return `a deployment, with ${code}: ${
        cause instanceof Error ? cause.message : result.message
      }; nothing was written`;
    },
  );
}

/** Holds what came back against what the killed process was to do, and had been promised. */
async function compare(
  registry: Manager,
  { sequence, planned, acknowledged }: {
    readonly sequence: number;
    readonly planned: readonly Mutation[];
    readonly acknowledged: readonly number[];
  },
): Promise<void> {
  const missing = new Set(acknowledged);
  const recovered = registry.sequence - sequence;
  const inBatch = recovered - ROLL_OUT.singles;
  await step(
    "compared",
    async () => {
      if (recovered === 0) return;
      for await (const change of registry.changes({ from: sequence + 1 })) {
        const expected = planned[change.sequence - sequence - 1];
        if (JSON.stringify(change.mutation) === JSON.stringify(expected)) {
          missing.delete(change.sequence);
        } else problems.push(`Mutation ${change.sequence} is another one`);
        if (change.sequence === registry.sequence) break;
      }
    },
    () =>
      `${acknowledged.length - missing.size} of ${
        count(acknowledged.length, "acknowledged deployment")
      } are there, and ${
        inBatch > 0 ? inBatch.toLocaleString("en") : "none"
      } of the batch`,
  );
  if (acknowledged.length === 0) problems.push("Nothing was acknowledged");
  if (missing.size > 0) {
    problems.push(`Acknowledged, and not there: ${[...missing].join(", ")}`);
  }
  // The process may have ended between the sync of the batch and its number.
  if (inBatch > 0 && inBatch !== ROLL_OUT.batch) {
    problems.push(`${inBatch} mutations of a batch are there without the rest`);
  }
}

/** Replays snapshot and log in several ways, which must agree. */
async function verify(): Promise<void> {
  await step(
    "verified",
    () => StateManager.verify(DIRECTORY, REGISTRY),
    ({ ok, sequence, snapshot = 0, fromScratch, damage, difference }) => {
      if (!ok) {
        problems.push(damage?.message ?? JSON.stringify(difference));
        return "snapshot and log do not agree";
      }
      const start = fromScratch ? "from the first one" : "on the snapshot";
      const replayed = fromScratch ? sequence : sequence - snapshot;
      return `every checksum holds, and ${
        count(replayed, "mutation")
      } of the log, replayed twice ${start}, give the same state`;
    },
  );
}

/** Removes what earlier runs have cut off; nobody else will. */
async function removeTorn(): Promise<void> {
  const names = await readdir(DIRECTORY).catch(() => []);
  for (const name of names) {
    if (name.includes(".torn-")) await rm(`${DIRECTORY}/${name}`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof DurableError)) throw error;
  problems.push(`${error.code}: ${error.message}`);
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
