/**
 * The records that are written: about 75 bytes of JSON text each.
 *
 * @module
 */

/** What a small program would log: a key gets a value. */
export interface Sample {
  readonly Set: { readonly key: string; readonly value: string };
}

const COUNT = 1024;
const SAMPLES: readonly Sample[] = Array.from({ length: COUNT }, (_, n) => ({
  Set: {
    key: `user-${String(n * 977).padStart(6, "0")}`,
    value: `what a small program would keep, ${n}`,
  },
}));

/** The n-th record. They are made beforehand, so that making them is not measured. */
export function sample(n: number): Sample {
  return SAMPLES[n % COUNT];
}

/** Yields `count` records. */
export function* samples(count: number): Generator<Sample> {
  for (let n = 0; n < count; n++) yield sample(n);
}
