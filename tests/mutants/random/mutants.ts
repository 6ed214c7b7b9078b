/** Ordinary mutants of a source, each with a name that stays, and a sample of them. */

import { createHash } from "node:crypto";
import { SeededRandom } from "../../../src/testing/random.ts";
import { type Site, sitesOf } from "./sites.ts";

/** A source with one small change. */
export interface RandomMutant {
  /** Made of the changed lines, not of where they are: it stays when others move. */
  readonly id: string;
  /** The source file. */
  readonly file: string;
  /** The number of the first changed line, from 1. */
  readonly line: number;
  /** The function, method or class that it is in. */
  readonly scope: string;
  /** The lines that are changed. */
  readonly before: string;
  /** What becomes of them. */
  readonly after: string;
  /** What is changed, for all mutants of the same place the same. */
  readonly site: Site;
  /** What replaces the text of the site. */
  readonly to: string;
}

/** All ordinary mutants of some sources, in the order of their places. */
export async function mutantsOf(
  sources: ReadonlyMap<string, string>,
): Promise<readonly RandomMutant[]> {
  const mutants: RandomMutant[] = [];
  for (const [file, sites] of await sitesOf(sources)) {
    const text = sources.get(file) ?? "";
    const counts = new Map<string, number>();
    for (const site of sites) {
      for (const to of site.to) {
        mutants.push(mutantOf(file, text, site, to, counts));
      }
    }
  }
  return mutants;
}

function mutantOf(
  file: string,
  text: string,
  site: Site,
  to: string,
  counts: Map<string, number>,
): RandomMutant {
  const { start, end, scope } = site;
  const first = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", end);
  const last = newline === -1 ? text.length : newline;
  const before = text.slice(first, last);
  const after = text.slice(first, start) + to + text.slice(end, last);
  const key = [file, scope, before, after].map(withoutIndentation).join("\n\n");
  // The same line may be in a function more than once.
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  const hash = createHash("sha256").update(`${key}\n\n${count}`).digest("hex");
  const id = hash.slice(0, 10);
  const line = text.slice(0, start).split("\n").length;
  return { id, file, line, scope, before, after, site, to };
}

function withoutIndentation(text: string): string {
  return text.replace(/^[ \t]+/gm, "");
}

/** The source with the mutant in it. */
export function mutate(source: string, { site, to }: RandomMutant): string {
  return source.slice(0, site.start) + to + source.slice(site.end);
}

/**
 * Mutants in an order that a seed repeats. The first ones are all of different
 * places: two mutants of the same condition show little more than one of them.
 */
export function shuffled(
  mutants: readonly RandomMutant[],
  seed: number,
): readonly RandomMutant[] {
  const random = new SeededRandom(seed);
  const order = [...mutants];
  for (let n = order.length - 1; n > 0; n--) {
    const other = random.below(n + 1);
    [order[n], order[other]] = [order[other], order[n]];
  }
  const seen = new Set<Site>();
  const others: RandomMutant[] = [];
  const firsts = order.filter((mutant) => {
    const isFirst = !seen.has(mutant.site);
    if (isFirst) seen.add(mutant.site);
    else others.push(mutant);
    return isFirst;
  });
  return [...firsts, ...others];
}
