/**
 * The records that are written: about 75 bytes of JSON text each.
 *
 * @module
 */

/** What a small program would log. */
export interface Sample {
  readonly Set: {
    readonly key: string;
    readonly value: number;
    readonly at: number;
    readonly by: string;
  };
}

const COUNT = 1024;
const SAMPLES: readonly Sample[] = Array.from({ length: COUNT }, (_, n) => ({
  Set: {
    key: `user-${String(n * 977).padStart(6, "0")}`,
    value: n * 7919 % 1_000_000,
    at: 1_735_689_600_000 + n * 17_389,
    by: `w${n % 64}`,
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
