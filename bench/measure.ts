/**
 * Rates, and ratios of two rates that were measured in turn.
 *
 * @module
 */

/** Works for about that many milliseconds and returns its rate per second. */
export type Side = (milliseconds: number) => number | Promise<number>;

/** How long and how often is measured. */
export interface Effort {
  /** How many times each side is measured, in turn with the other. */
  readonly rounds: number;
  /** How long one side is measured at a time. */
  readonly milliseconds: number;
}

/** Two sides, measured in the same run. */
export interface Comparison {
  /** Median figure of the first side. */
  readonly ours: number;
  /** Median figure of the second side. */
  readonly theirs: number;
  /** Median of the pairwise ratios, first side by second side. */
  readonly ratio: number;
  /** The least of the pairwise ratios. */
  readonly least: number;
  /** The greatest of the pairwise ratios. */
  readonly most: number;
}

/** Measures two sides A B A B …, after a warm-up of both that does not count. */
export async function compare(
  ours: Side,
  theirs: Side,
  { rounds, milliseconds }: Effort,
): Promise<Comparison> {
  await ours(milliseconds / 2);
  await theirs(milliseconds / 2);
  const a: number[] = [];
  const b: number[] = [];
  for (let round = 0; round < rounds; round++) {
    a.push(await ours(milliseconds));
    b.push(await theirs(milliseconds));
  }
  return comparison(a, b);
}

/** What pairs of figures that were measured in turn say. */
export function comparison(
  a: readonly number[],
  b: readonly number[],
): Comparison {
  const ratios = a.map((figure, round) => figure / b[round]);
  return {
    ours: median(a),
    theirs: median(b),
    ratio: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}

/** The value in the middle, or the mean of the two there. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** The rate of a call that blocks. */
export function blocking(milliseconds: number, step: () => unknown): number {
  const start = performance.now();
  let count = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    step();
    count++;
    elapsed = performance.now() - start;
  }
  return count / elapsed * 1000;
}

/** The rate of `writers` loops, each of which awaits its own call before the next. */
export async function concurrent(
  milliseconds: number,
  writers: number,
  step: () => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  const goesOn = () => performance.now() - start < milliseconds;
  const count = await concurrentWhile(goesOn, writers, step);
  return count / (performance.now() - start) * 1000;
}

/** How many calls the same loops make while `goesOn` says so. */
export async function concurrentWhile(
  goesOn: () => boolean,
  writers: number,
  step: () => Promise<unknown>,
): Promise<number> {
  let count = 0;
  let running = true;
  // One loop asks for all of them: at a million calls a second the clock would
  // be a part of what is measured.
  const loop = async (first: boolean) => {
    while (running) {
      await step();
      count++;
      if (first) running = goesOn();
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, n) => loop(n === 0)));
  return count;
}

/** The rate of runs that each do an amount of work and return it. */
export async function repeated(
  milliseconds: number,
  run: () => number | Promise<number>,
): Promise<number> {
  const start = performance.now();
  let amount = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    amount += await run();
    elapsed = performance.now() - start;
  }
  return amount / elapsed * 1000;
}
