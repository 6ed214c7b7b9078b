/** A state to test with: a counter, a list, and a map that can grow. */

import {
  type DeepReadonly,
  type FileSystem,
  MemoryFileSystem,
  type MutationOf,
  mutators,
  type PayloadsOf,
  type Reduce,
  StateManager,
  type StateManagerOptions,
} from "../../mod.ts";

/** The state. */
export interface Shop {
  total: number;
  names: string[];
  stock: Record<string, { count: number; tags?: string[] }>;
}

/** The state before the first mutation. */
export const EMPTY: Shop = { total: 0, names: [], stock: {} };

const MAP = {
  add(state: Shop, p: { by: number }): void {
    state.total += p.by;
    if (state.total < 0) throw new RangeError("the total is negative");
  },
  name(state: Shop, p: { text: string }): void {
    state.names.push(p.text);
  },
  put(state: Shop, p: { key: string; count: number; tags?: string[] }): void {
    state.stock[p.key] = p.tags
      ? { count: p.count, tags: p.tags }
      : { count: p.count };
  },
  drop(state: Shop, p: { key: string }): void {
    delete state.stock[p.key];
  },
  clear: (_: Shop): Shop => EMPTY,
};

/** Its mutations. */
export type Order = MutationOf<PayloadsOf<typeof MAP>>;
/** Its reducer. */
export const REDUCE: Reduce<Shop, Order> = mutators(MAP);

/** The directory of the state in file systems in memory. */
export const DIR = "shop";

/** Options for {@linkcode StateManager.open}. */
export function shopOptions(
  fileSystem: FileSystem,
  options: Partial<StateManagerOptions<Shop, Order>> = {},
): StateManagerOptions<Shop, Order> {
  return { initial: EMPTY, apply: REDUCE, fileSystem, ...options };
}

/** Opens the state. */
export function openShop(
  fileSystem: FileSystem,
  options: Partial<StateManagerOptions<Shop, Order>> = {},
): Promise<StateManager<Shop, Order>> {
  return StateManager.open(DIR, shopOptions(fileSystem, options));
}

/** A state as text, with the order of its keys. */
export function textOf(state: Shop | DeepReadonly<Shop>): string {
  return JSON.stringify(state);
}

/** A state of ten mutations, with a snapshot behind some of them. */
export async function shopWith(
  { snapshotAt, compact = false, mutations = 10 }: {
    snapshotAt?: number;
    compact?: boolean;
    mutations?: number;
  },
): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem();
  const shop = await openShop(fileSystem);
  for (let n = 1; n <= mutations; n++) {
    await shop.apply({ add: { by: n } });
    if (n === snapshotAt) {
      await (compact ? shop.compact() : shop.createSnapshot());
    }
  }
  await shop.close();
  return fileSystem;
}
