/**
 * Where in a source an ordinary mutant can be made: operators, conditions,
 * constants and statements that run. Types, imports, comments, the text of
 * templates and error messages are none of these.
 */

import {
  type BinaryExpression,
  isBigIntLiteral,
  isBinaryExpression,
  isBreakStatement,
  isCallExpression,
  isConditionalExpression,
  isContinueStatement,
  isDoStatement,
  isExportDeclaration,
  isExpressionStatement,
  isFalseLiteral,
  isHeritageClause,
  isIfStatement,
  isImportDeclaration,
  isInterfaceDeclaration,
  isNewExpression,
  isNumericLiteral,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isStringLiteral,
  isThrowStatement,
  isTrueLiteral,
  isTypeAliasDeclaration,
  isTypeNode,
  isTypeParameterDeclaration,
  isWhileStatement,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import {
  opposite,
  otherNumbers,
  otherOperators,
  otherStrings,
} from "./changes.ts";
import { parseAll } from "./parse.ts";

/** A place in a source, and what mutants have there. */
export interface Site {
  /** Where the text that is replaced begins. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** What replaces it: another mutant for each. */
  readonly to: readonly string[];
  /** The function, method or class that it is in, such as `Tree.insert`. */
  readonly scope: string;
}

/** What is around a node. */
interface Around {
  readonly scope: string;
  /** Whether its strings are part of an error message. */
  readonly isMessage: boolean;
}

/** The sites of each source, in their order. */
export async function sitesOf(
  sources: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly Site[]>> {
  const all = new Map<string, readonly Site[]>();
  await parseAll(sources, (file, tree) => all.set(file, sitesIn(tree)));
  return all;
}

function sitesIn(tree: SourceFile): readonly Site[] {
  const sites: Site[] = [];
  const visit = (node: Node, parent: Node, around: Around) => {
    if (isErased(node)) return;
    for (const { start, end, to } of changesOf(tree, node, parent, around)) {
      if (to.length > 0) sites.push({ start, end, to, scope: around.scope });
    }
    const inside = aroundChildrenOf(tree, node, around);
    node.forEachChild((child) => visit(child, node, inside));
  };
  const around = { scope: "", isMessage: false };
  tree.forEachChild((node) => visit(node, tree, around));
  return sites.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** Whether nothing of it is left when it runs, or only names of modules. */
function isErased(node: Node): boolean {
  return isTypeNode(node) || isTypeAliasDeclaration(node) ||
    isInterfaceDeclaration(node) || isTypeParameterDeclaration(node) ||
    isHeritageClause(node) || isImportDeclaration(node) ||
    isExportDeclaration(node);
}

function aroundChildrenOf(
  tree: SourceFile,
  node: Node,
  { scope, isMessage }: Around,
): Around {
  return {
    scope: [scope, nameOf(tree, node, scope === "")]
      .filter((name) => name !== "").join("."),
    isMessage: isMessage || isThrowStatement(node) ||
      isNewExpression(node) && /Error$/.test(node.expression.getText(tree)),
  };
}

/** The name of a class, of what holds statements, or of a constant of the module; else "". */
function nameOf(tree: SourceFile, node: Node, isOutermost: boolean): string {
  switch (node.kind) {
    case SyntaxKind.Constructor:
      return "constructor";
    case SyntaxKind.VariableDeclaration:
      if (!isOutermost) return "";
      // falls through
    case SyntaxKind.ClassDeclaration:
    case SyntaxKind.FunctionDeclaration:
    case SyntaxKind.MethodDeclaration:
    case SyntaxKind.GetAccessor:
    case SyntaxKind.SetAccessor: {
      const { name } = node as Node & { readonly name?: Node };
      return name?.getText(tree) ?? "";
    }
    default:
      return "";
  }
}

type Change = Omit<Site, "scope">;

function changesOf(
  tree: SourceFile,
  node: Node,
  parent: Node,
  { isMessage }: Around,
): readonly Change[] {
  const start = node.getStart(tree);
  const text = node.getText(tree);
  const whole = (...to: readonly string[]) => [{ start, end: node.end, to }];
  if (isBinaryExpression(node)) return operatorOf(tree, node);
  if (isPrefixUnaryExpression(node) || isPostfixUnaryExpression(node)) {
    return unaryOf(tree, node, parent);
  }
  if (isIfStatement(node)) return conditionOf(tree, node.expression, true);
  if (isConditionalExpression(node)) {
    return conditionOf(tree, node.condition, true);
  }
  if (isWhileStatement(node) || isDoStatement(node)) {
    return conditionOf(tree, node.expression, false);
  }
  if (isTrueLiteral(node)) return whole("false");
  if (isFalseLiteral(node)) return whole("true");
  if (isNumericLiteral(node) || isBigIntLiteral(node)) {
    return isName(node, parent) ? [] : whole(...otherNumbers(text));
  }
  if (isStringLiteral(node)) {
    return isMessage || isName(node, parent) || isModule(parent)
      ? []
      : whole(...otherStrings(text));
  }
  if (isThrowStatement(node)) return whole(";");
  if (isExpressionStatement(node)) {
    const isDirective = isStringLiteral(node.expression);
    return isDirective ? [] : whole(";");
  }
  if (isBreakStatement(node)) {
    return whole(text.replace("break", "continue"), ";");
  }
  if (isContinueStatement(node)) {
    return whole(text.replace("continue", "break"), ";");
  }
  return [];
}

/** An operator between two operands. */
function operatorOf(
  tree: SourceFile,
  { left, operatorToken, right }: BinaryExpression,
): readonly Change[] {
  const start = operatorToken.getStart(tree);
  const operator = operatorToken.getText(tree);
  if (operator !== "??") {
    const to = otherOperators(operator);
    return [{ start, end: operatorToken.end, to }];
  }
  // What is not there is replaced in any case, or so is 0, "" and false. The
  // latter changes nothing where the default is one of them.
  const literal = right.getText(tree);
  const isTruthy = isTrueLiteral(right) ||
    isNumericLiteral(right) && Number(literal.replaceAll("_", "")) !== 0 ||
    isStringLiteral(right) && literal.length > 2;
  const changes = [{
    start: left.getStart(tree),
    end: right.end,
    to: [literal],
  }];
  if (isTruthy) changes.push({ start, end: operatorToken.end, to: ["||"] });
  return changes;
}

function unaryOf(
  tree: SourceFile,
  node: Node & { readonly operator: SyntaxKind; readonly operand: Node },
  parent: Node,
): readonly Change[] {
  const isPrefix = isPrefixUnaryExpression(node);
  const start = isPrefix ? node.getStart(tree) : node.operand.end;
  const end = isPrefix ? node.operand.getStart(tree) : node.end;
  switch (node.operator) {
    case SyntaxKind.PlusPlusToken:
      return [{ start, end, to: ["--"] }];
    case SyntaxKind.MinusMinusToken:
      return [{ start, end, to: ["++"] }];
    case SyntaxKind.ExclamationToken:
      // A condition as a whole is replaced by its opposite anyway.
      return isCondition(node, parent) ? [] : [{ start, end, to: [""] }];
    default:
      return [];
  }
}

/** A condition; one that is always met would make most loops endless. */
function conditionOf(
  tree: SourceFile,
  condition: Node,
  canBeTrue: boolean,
): readonly Change[] {
  if (isTrueLiteral(condition) || isFalseLiteral(condition)) return [];
  const to = canBeTrue ? ["true", "false"] : ["false"];
  // The opposite of an equality is the mutant of its operator.
  if (!isEquality(condition)) to.unshift(opposite(condition.getText(tree)));
  return [{ start: condition.getStart(tree), end: condition.end, to }];
}

function isEquality(node: Node): boolean {
  return isBinaryExpression(node) &&
    [
      SyntaxKind.EqualsEqualsEqualsToken,
      SyntaxKind.ExclamationEqualsEqualsToken,
    ].includes(node.operatorToken.kind);
}

function isCondition(node: Node, parent: Node): boolean {
  if (isConditionalExpression(parent)) return parent.condition === node;
  return isIfStatement(parent) || isWhileStatement(parent) ||
    isDoStatement(parent);
}

/** Whether a literal is the name of a member. */
function isName(node: Node, parent: Node): boolean {
  return "name" in parent && parent.name === node;
}

/** Whether a node loads a module by the string in it. */
function isModule(node: Node): boolean {
  return isCallExpression(node) &&
    node.expression.kind === SyntaxKind.ImportKeyword;
}
