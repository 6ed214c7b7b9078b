/** Random mutants that no test can kill, because they change nothing that matters. */

/** Why one random mutant cannot be killed. */
export interface Explanation {
  /** The mutant, as the report of its survival shows it. */
  readonly id: string;
  /** A sentence: why it makes no difference, or none that a test can see. */
  readonly why: string;
}

/** Their survivors count as if they were killed. */
export const EXPLAINED: readonly Explanation[] = [
  {
    id: "034488dbdb",
    why:
      "What is beyond the end of an array is undefined, which is left alone.",
  },
  {
    id: "4166d5d5fc",
    why:
      "A vector that is looked through gives what it had noted, only more slowly.",
  },
  {
    id: "70d7a278de",
    why: "To copy an object again that lacks nothing gives an equal object.",
  },
  {
    id: "ee3f6555a6",
    why: "The two worlds change places; all that counts is that they differ.",
  },
  {
    id: "1827a0bacf",
    why: "A whole turn more: the rest of a division by 1 is the same.",
  },
  {
    id: "ceab83db14",
    why: "A value without members is made of itself, only more slowly.",
  },
  {
    id: "09d80bf89c",
    why: "Every negative number says that there are too many parts.",
  },
  {
    id: "e627a9fc80",
    why: "The map is made one member earlier, and finds the same notes.",
  },
  {
    id: "bf424cddb3",
    why: "Without notes nothing is filtered out, and nothing is added.",
  },
  {
    id: "734816b0d5",
    why: "The description of a symbol is seen in a debugger only.",
  },
];
