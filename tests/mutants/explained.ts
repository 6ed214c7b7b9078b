/** Random mutants that no test can kill, because they change nothing that matters. */

/** Why one random mutant cannot be killed. */
export interface Explanation {
  /** The mutant, as the report of its survival shows it. */
  readonly id: string;
  /** A sentence: why it makes no difference, or none that a test can see. */
  readonly why: string;
}

/** Their survivors count as if they were killed. */
export const EXPLAINED: readonly Explanation[] = [];
