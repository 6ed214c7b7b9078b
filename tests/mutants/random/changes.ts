/** What an ordinary mutant puts in the place of a token. */

/** What takes the place of an operator between two operands. */
const OPERATORS: ReadonlyMap<string, string> = new Map([
  ["+", "-"],
  ["-", "+"],
  ["*", "/"],
  ["/", "*"],
  ["%", "*"],
  ["<", "<="],
  ["<=", "<"],
  [">", ">="],
  [">=", ">"],
  ["===", "!=="],
  ["!==", "==="],
  ["&&", "||"],
  ["||", "&&"],
  ["&", "|"],
  ["|", "&"],
  ["<<", ">>"],
  [">>", "<<"],
  [">>>", "<<"],
  ["+=", "-="],
  ["-=", "+="],
  ["*=", "/="],
  ["&=", "|="],
  ["|=", "&="],
  ["&&=", "||="],
  ["||=", "&&="],
  ["??=", "="],
]);

/** The operators that take the place of an operator, none if it stays. */
export function otherOperators(operator: string): readonly string[] {
  const other = OPERATORS.get(operator);
  return other === undefined ? [] : [other];
}

/** The numbers that take the place of a literal: 1 for 0, 0 and 2 for 1, else the next one. */
export function otherNumbers(literal: string): readonly string[] {
  const digits = literal.replaceAll("_", "");
  if (digits.endsWith("n")) {
    const value = BigInt(digits.slice(0, -1));
    return value === 1n ? ["0n", "2n"] : [`${value + 1n}n`];
  }
  const value = Number(digits);
  if (value === 1) return ["0", "2"];
  // A large number is the same with 1 added to it.
  return value + 1 === value ? [] : [String(value + 1)];
}

/** What takes the place of a string, given as it is in the source; none for prose, which is for people to read. */
export function otherStrings(literal: string): readonly string[] {
  const text = literal.slice(1, -1);
  if (/[\p{L},.:;] \p{L}/u.test(text)) return [];
  return text === "" ? ['"x"'] : ['""'];
}

/** The opposite of a condition. */
export function opposite(condition: string): string {
  return `!(${condition})`;
}
