/** A shop: orders, and their invoices, which have numbers without a gap. */

import {
  type Message,
  type MutationOf,
  mutators,
  Outbox,
} from "@mini-ts/durable";

/** What the shop knows. */
export interface Shop {
  /** The number of the invoice of each order; 0 before it is written. */
  orders: Record<string, number>;
  /** How many invoices were written. */
  invoices: number;
}

/** What can happen. */
export interface Payloads {
  order: { id: string };
  invoice: { id: string };
}

/** One thing that happened. */
export type Mutation = MutationOf<Payloads>;

/** What is to be done for an order. */
export interface Task {
  readonly invoiceFor: string;
}

/** Opens the shop. */
export function openShop(
  directory: string,
): Promise<Outbox<Shop, Mutation, Task>> {
  return Outbox.open<Shop, Mutation, Task>(directory, {
    initial: { orders: {}, invoices: 0 },
    apply: mutators<Shop, Payloads>({
      order({ orders }, { id }) {
        if (Object.hasOwn(orders, id)) throw new Error(`${id} was ordered`);
        orders[id] = 0;
      },
      invoice(state, { id }) {
        if (state.orders[id] !== 0) throw new Error(`${id} has its invoice`);
        state.orders[id] = ++state.invoices;
      },
    }),
    // What a killed process was working on comes back after so long.
    queue: { visibilityTimeout: 500 },
  });
}

/** Takes an order: it is there together with the task to write its invoice, or neither is. */
export async function order(
  shop: Outbox<Shop, Mutation, Task>,
  id: string,
): Promise<void> {
  await shop.commit({
    apply: [{ order: { id } }],
    enqueue: [{ payload: { invoiceFor: id } }],
  });
}

/** Writes an invoice: it is there, and its task is gone, or neither. */
export async function invoice(
  shop: Outbox<Shop, Mutation, Task>,
  message: Message<Task>,
): Promise<void> {
  const { invoiceFor: id } = message.payload;
  await shop.commit({ apply: [{ invoice: { id } }], ack: [message] });
}
