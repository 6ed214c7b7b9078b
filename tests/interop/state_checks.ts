// What must hold between StateManager and the crate `ministate`, as a table.
import { dirname } from "node:path";
import { StateManager } from "../../mod.ts";
import { equal, equalFiles, refuses } from "./expect.ts";
import { compact, manage, open, RULES } from "./managers.ts";
import { nest, type Op } from "./ops.ts";
import { RUNTIMES, rustNumbered, rustState, stateOn } from "./programs.ts";
import {
  after,
  initial,
  type Mutation,
  mutations,
  type State,
} from "./state.ts";
import {
  directory,
  equalOpened,
  equalState,
  refusesDirectory,
  STATE_SHAPES,
} from "./state_shapes.ts";
import { type Checks, forEach } from "./table.ts";

/** The checks by name. */
export const STATE_CHECKS: Checks = {
  "both sides make the same state": (path) => {
    equalState(rustState("manage", dirname(path), 120), after(120));
  },

  ...forEach(STATE_SHAPES, (shape, make) => ({
    [`a Rust state is verified, followed and read at any sequence: ${shape}`]:
      async (path) => {
        const dir = dirname(path);
        const { count, snapshot } = make(dir);
        const before = directory(dir);
        const report = await StateManager.verify(dir, RULES);
        if (report.damage) throw report.damage;
        equal(report.difference, undefined, "the difference that verify finds");
        equal(report.ok, true, "verify");
        equal(report.snapshot, snapshot, "the snapshot that verify finds");
        const follower = await StateManager.follow<State, Mutation>(dir, RULES);
        const { sequence } = follower;
        equalState({ sequence, state: follower.snapshot() }, after(count));
        await follower.close();
        for (const at of new Set([0, 1, count >> 1, count])) {
          if (at > count) continue;
          const state = await StateManager.at<State, Mutation>(dir, at, RULES);
          equalState({ sequence: at, state }, after(at));
        }
        equalFiles(directory(dir), before);
      },

    [`a Rust state goes from side to side in v0.1: ${shape}`]: async (path) => {
      const dir = dirname(path);
      let { count, snapshot } = make(dir);
      equalOpened(await manage(dir, "v0.1", 0), count, snapshot);
      equalState(rustState("manage", dir, 0), after(count));
      // Without a snapshot, with one behind the last mutation, with one in between.
      for (const snapshots of [[], [30], [12, 17]]) {
        const ours = snapshots.map((n) => count + n);
        equalOpened(
          await manage(dir, "v0.1", 30, ...ours),
          count + 30,
          snapshot,
        );
        equalState(rustState("manage", dir, 0), after(count + 30));
        snapshot = ours.at(-1) ?? snapshot;
        equalOpened(await manage(dir, "v0.1", 0), count + 30, snapshot);
        count += 30;
        const theirs = snapshots.map((n) => count + n);
        equalState(rustState("manage", dir, 30, ...theirs), after(count + 30));
        snapshot = theirs.at(-1) ?? snapshot;
        equalOpened(await manage(dir, "v0.1", 0), count + 30, snapshot);
        count += 30;
      }
    },
  })),

  ...forEach(RUNTIMES, (runtime) => ({
    ...forEach(STATE_SHAPES, (shape, make) => ({
      [`${runtime} goes on with a Rust state in v0.2: ${shape}`]: (path) => {
        const dir = dirname(path);
        const { count, snapshot } = make(dir);
        const manage = (...args: readonly number[]) =>
          stateOn(runtime, "manage", dir, "v0.2", ...args);
        equalOpened(manage(0), count, snapshot);
        const at = count + 20;
        equalOpened(manage(30, at), count + 30, snapshot);
        equalOpened(manage(0), count + 30, at);
        equalOpened(stateOn(runtime, "compact", dir), count + 30, at);
        equalOpened(manage(10), count + 40, count + 30);
        equalOpened(manage(0), count + 40, count + 30);
        // What is left of the log is ours alone.
        equal(directory(dir).has("journal.jsonl.000001"), false, "old files");
      },
    })),

    [`${runtime} writes a state in v0.1 that Rust opens and goes on with`]: (
      path,
    ) => {
      const dir = dirname(path);
      const manage = (...args: readonly number[]) =>
        stateOn(runtime, "manage", dir, "v0.1", ...args);
      equalOpened(manage(90), 90);
      equalState(rustState("manage", dir, 0), after(90));
      equalOpened(manage(30, 100), 120);
      equalState(rustState("manage", dir, 40, 150), after(160));
      equalOpened(manage(0), 160, 150);
    },
  })),

  "a snapshot of minisnap 0.1.3 beside a Rust journal is used": async (
    path,
  ) => {
    const dir = dirname(path);
    rustState("manage", dir, 120, 60);
    rustNumbered("create", dir, 100);
    equalOpened(await manage(dir, "v0.2", 10, 130), 130, 100);
    equalOpened(await manage(dir, "v0.2", 0), 130, 130);
  },

  "groups and transactions in v0.1 are what Rust reads one by one": async (
    path,
  ) => {
    const dir = dirname(path);
    const manager = await open(dir, "v0.1");
    equal(await manager.applyAll(mutations(0, 50)), 50, "applyAll");
    equal(await manager.transact(() => mutations(50, 80)), 80, "transact");
    const all = mutations(80, 120).map((mutation) => manager.apply(mutation));
    equal((await Promise.all(all)).at(-1), 120, "apply");
    await manager.createSnapshot();
    await manager.close();
    equalState(rustState("manage", dir, 0), after(120));
  },

  // Reducers can make what no mutation holds: half a pair, or a deeper value.
  ...forEach<Op>({
    "a lone surrogate": { Note: { text: "\ud83e" } },
    "what is nested deeper than Rust reads": nest(42, "Clear"),
  }, (what, op) => ({
    [`v0.1 refuses a snapshot that holds ${what}`]: async (path) => {
      const dir = dirname(path);
      const apply = (state: State) => {
        state.entries.op = op;
      };
      const options = { initial: initial(), apply, format: "v0.1" } as const;
      const manager = await StateManager.open<State, Mutation>(dir, options);
      try {
        await manager.apply("Clear");
        const refusal = await manager.createSnapshot()
          .then(() => "none", (error) => error.name);
        equal(refusal, "TypeError", "the refusal");
      } finally {
        await manager.close();
      }
      equal(rustState("manage", dir, 0).sequence, 1, "the sequence number");
    },
  })),

  "Rust refuses a state in v0.2 instead of opening a part of it": async (
    path,
  ) => {
    const dir = dirname(path);
    await manage(dir, "v0.2", 30, 20);
    refuses(path);
    refusesDirectory(dir);
    await compact(dir);
    refusesDirectory(dir);
  },
};
