/**
 * The log of this package, as one more thing to write to.
 *
 * @module
 */

import { join } from "node:path";
import { MiniStore } from "../../mod.ts";
import type { Sample } from "../sample.ts";
import type { AppenderPeer } from "./appender.ts";

/** `MiniStore` with its default options. */
export const miniStore: AppenderPeer = {
  name: "MiniStore",
  async open(directory) {
    const store = await MiniStore.open<Sample>(join(directory, "log.jsonl"));
    return {
      append: (record) => store.append(record),
      close: () => store.close(),
    };
  },
};
