/** A shop: a state and its mails in an outbox, on a simulated disk. */

import { mutators, Outbox, type OutboxOptions } from "../../mod.ts";
import { FakeClock, SimulatedFileSystem } from "../../src/testing/mod.ts";
import { all, DIR } from "./queues_b.ts";

/** The state. */
export interface Shop {
  total: number;
  orders: string[];
}

/** What happens to it. */
export type Order = { add: { by: number } } | { order: { id: string } };
/** What is told of it. */
export type Mail = { mail: string };

/** How it happens. */
export const MUTATORS: {
  add(state: Shop, p: { by: number }): void;
  order(state: Shop, p: { id: string }): void;
} = {
  add(state: Shop, p: { by: number }): void {
    state.total += p.by;
    if (state.total < 0) throw new RangeError("the total is negative");
  },
  order(state: Shop, p: { id: string }): void {
    state.orders.push(p.id);
  },
};

/** A shop in use. */
export interface Opened {
  readonly fileSystem: SimulatedFileSystem;
  readonly clock: FakeClock;
  readonly shop: Outbox<Shop, Order, Mail>;
}

/** Opens the shop. */
export async function openShop(
  {
    fileSystem = new SimulatedFileSystem(),
    clock = new FakeClock(),
    queue = {},
    ...options
  }:
    & Partial<OutboxOptions<Shop, Order, Mail>>
    & Partial<Pick<Opened, "fileSystem" | "clock">> = {},
): Promise<Opened> {
  const shop = await Outbox.open<Shop, Order, Mail>(DIR, {
    initial: { total: 0, orders: [] },
    apply: mutators(MUTATORS),
    queue: { fileSystem, clock, ...queue },
    ...options,
  });
  return { fileSystem, clock, shop };
}

/** Opens the shop of a program that has ended, with its clock. */
export function openAgain(
  { fileSystem, clock }: Opened,
  options: Partial<OutboxOptions<Shop, Order, Mail>> = {},
): Promise<Opened> {
  fileSystem.restart();
  return openShop({ fileSystem, clock, ...options });
}

/** All that can be seen. */
export async function seen({ shop }: Opened): Promise<unknown> {
  const messages = await all(shop.queue.list());
  return {
    state: structuredClone(JSON.parse(JSON.stringify(shop.state))),
    messages: messages.map(({ id, payload, state }) => [id, payload, state]),
  };
}
