/**
 * Templates of statements: members, variables that share an object, moves, loops.
 * `fill` explains the blanks.
 */

import { ARRAY_READS, ARRAYS } from "./array_templates.ts";
import { FREEZES, LARGE, ODDITIES } from "./odd_templates.ts";
import { SHAPES } from "./shape_templates.ts";

/** Members are set, changed, removed and put back. */
const MEMBERS = [
  "@rec.n = @num;",
  "@rec.n += @num;",
  "@rec.n++;",
  "--@rec.n;",
  "state.n = (state.n ?? 0) - @num;",
  "state.s += @val;",
  "@rec[@key] = @json;",
  "@rec[@name] = @json;",
  "@map[@name] = @obj;",
  "state[@name] = @json;",
  "state[@name] = @any;",
  "@rec[@key] ||= @json;",
  "@rec[@key] &&= @json;",
  "@rec[@key] ??= @json;",
  "(@map[@key] ??= {n: 0}).n += @num;",
  "(@rec.l ??= []).push(@json);",
  "log(@rec.n **= 2);",
  "log(@rec[@key] = @json);",
  "@rec.u = undefined;",
  "@rec.z = -0;",
  "@rec.n = 1 / @rec.n;",
  "delete @map[@name];",
  "delete state[@name];",
  "log(delete @rec[@key]);",
  "const $c = @rec; const $v = $c.n; delete $c.n; $c.n = $v;",
  "const $m = @map; const $k = Object.keys($m)[0]; if ($k) { const $v = $m[$k]; delete $m[$k]; $m[$k] = $v; }",
  "const $m = @map; const [$k] = Object.keys($m).slice(-1); if ($k) { $m[@name] = $m[$k]; delete $m[$k]; }",
  "const $k = @key;\n@map[$k] = @obj;\n@map[$k].n += 1;",
  "@rec.in = {n: 1};\nstate.r.in.n += 4;",
  '@rec[p.v?.a ?? "a"] = p.v;',
  "@rec.c = @rec.d = @obj;",
  "[@rec.n, @rec.n] = [@num, @num];",
];

/** Variables and members that share an object. */
const ALIASES = [
  "const $rec = @map[@key] ??= {n: 0};\n$rec.n++;",
  "const $rec = @obj;\n@list.push($rec);\n$rec.v = 2;\n$rec.n += 1;",
  "const $o = @obj;\nstate.rows.push($o);\n$o.v = @val;\nstate.rows.at(-1).v += 1;\nlog($o.v);",
  "const $o = {v: 1};\nstate.x = $o;\nstate.x.v = 5;\n$o.v += 1;",
  "const $rec = state.x = @obj;\n$rec.n += 2;\nlog(state.x === $rec);",
  "const $o = @obj;\nstate.a = $o;\nstate.b = $o;\nstate.a.n = 9;\nlog(state.b.n);\nlog(state.a === state.b);",
  "const $l = [];\nstate.l3 = $l;\n$l.push(1, 2);\nstate.l3.push(3);\n$l.length -= 1;",
  "const $o = {in: {n: 1}};\nstate.y = $o;\nconst $rec = state.y.in;\n$rec.n++;\n$o.in.n++;\nlog($rec === $o.in);",
  "const $list = @list;",
  "const $rows = @rows;",
  "const $map = @map;",
  "const $rec = @rec;",
  "const $tree = @tree;",
  "const $rec = @rows[@idx] ?? @rec;\n$rec.n = @num;",
  "const $rec = @rows.find((e) => e.n > 0) ?? {n: 0};\n$rec.n += 10;",
  "const $o = p.o;\n@rec.p = $o;\n$o.n += 1;\n$o.late = true;",
  "const $l = p.l;\nstate.p = {l: $l, n: 0};\n$l.push(@num);\nstate.p.l.unshift(0);\nlog(p.l.length);",
  "state.p1 = p;\nstate.p2 = p.o;\nstate.p2.n = 77;\nlog(state.p1.o.n);",
  "const $c = [@obj];\n@rec.c = {l: $c};\nconst [$e] = $c;\n$e.n = 12;\n$c.push($e);\nlog(@rec.c?.l?.length);",
  "const $o = @obj; @map[@key] = $o; const $q = {...$o}; $q.n = 1; $o.n = 2;",
  "const $f = (o) => { o.n += 1; return o; };\nconst $rec = $f(@rec);\nlog($f($rec) === $rec);",
  "const $get = () => @rec;\n$get().n = @num;\n$get().n -= 1;",
  "state.same = state.m === state.m;",
  "state.same = @any === @any;",
  "state.same = @rows.indexOf(@rows[1]);",
  "const $o = @rec;\nstate.q = $o;\nstate.same = state.q === $o;\nstate.q.n = @num;",
  "const $d = new Map([[@rec, 1]]);\nlog($d.get(@rec));",
  "const $w = new Set(@rows);\nlog($w.has(@rows[0]));\nfor (const e of $w) e.n = 1;",
];

/** Parts are moved, stored twice, taken out, and stored within themselves. */
const MOVES = [
  "state.moved = @any;",
  "@rec.moved = @any;",
  "@list.push(@rec);",
  "@rows.push(@rec);",
  "@map[@key] = @rec;",
  "const $rec = state.moved = @rec;\n$rec.n = @num;",
  "const $q = state.m;\ndelete state.m;\nstate.m = $q;",
  "const $rec = @rec;\ndelete state.r;\n$rec.n += 5;\nstate.r = $rec;",
  "const $rec = @rows.pop() ?? {n: 4};\n$rec.n = @num;\n@rows.unshift($rec);\n$rec.n += 1;",
  "const $rec = @rows.shift() ?? {n: 4};\n@map[@key] = $rec;\n$rec.n += 1;",
  "const $rec = @rows.pop() ?? {n: 4};\n$rec.n += 1;",
  "const [$rec] = @rows.splice(@idx, 1);\nif ($rec) { $rec.n = 8; state.out = $rec; $rec.n += 1; }",
  "const $rec = @rec;\nstate.a = $rec;\nstate.b = $rec;\n$rec.n += 1;\nstate.a.n += 1;\nlog(state.b.n);",
  "const $q = @any;\nstate.a = $q;\ndelete state.a;",
  "const $o = @rec;\n$o.self = $o;\nlog($o.self === $o);\nlog($o.self.self.n);\ndelete $o.self;",
  "const $o = {n: 1};\n$o.self = $o;\nstate.a = $o;\n$o.self = null;",
  "const $o = @rec; $o.self = {up: $o};",
  "state.rows.push(state.rows);\nstate.rows.pop();",
  "state.t = {n: 1, kids: [state.t]};\nif (state.t.kids[0]?.kids?.[0]?.kids?.[0]) state.t = state.t.kids[0].kids[0];",
  "const $t = state.t;\nstate.t = {n: 2, kids: []};\n$t.n = 5;\nstate.t.kids.push($t);\n$t.n++;\nif ($t.kids.length) state.t = $t.kids[0];",
  "[state.m, state.m2] = [state.m2 ?? {}, state.m];",
  "state.r = {...state.r, in: {...state.r.in, n: @num}};",
  "state.wrap = {l: @list, o: @rec};\nstate.wrap.o.n++;\nstate.wrap.l.push(1);",
  "state.wrap = [@rec, @rec, @obj];\nstate.wrap[1].n = 3;\nstate.wrap[0].n += 1;",
  "const $o = @rec;\nstate.wrap = {o: $o};\nstate.wrap = $o;\n$o.n = 6;",
  "const $l = @rows;\nstate.wrap = $l.slice();\nstate.wrap.forEach((e) => e.n++);",
  "@map[@key] = @map[@key];",
  "Object.assign(@map, {left: @rec, right: @rec});",
];

/** Patterns on both sides of an assignment. */
const PATTERNS = [
  "const {n: $n = 3, ...$rest} = @rec;\nlog($n);\n@map[@key] = $rest;\n$rest.n = $n;",
  "const {in: $rec = {n: 0}} = state.r;\n$rec.n += 1;",
  "const [$h, ...$t] = @list;\nlog($h);\nstate.l2 = $t;\n$t.push($h ?? null);",
  "const [$h, ...$t] = @rows;\nstate.more = $t;\nif ($h) $h.n++;",
  "const $list = @list;\nif ($list.length > 1) [$list[0], $list[1]] = [$list[1], $list[0]];",
  "const $rows = @rows;\nif ($rows.length > 1) [$rows[0], $rows[1]] = [$rows[1], $rows[0]];",
  "const $rows = @rows;\nconst $i = $rows.length - 1;\nif ($i > 0) { [$rows[0], $rows[$i]] = [$rows[$i], $rows[0]]; $rows[0].n++; }",
  "({n: @rec.n, s: state.s = @val} = @rec);",
  "({a: state.a, ...state.rest} = @map);",
  "[@rec.n = 4, @rec.n] = @list;",
  "for (const {n, id = @num} of @rows) { log(n); log(id); }",
  "for (const [k, {n}] of Object.entries(@map)) { log(k); state.n += n; }",
  "for (@rec.n of [1, 2, 3]) log(@rec.n);",
  "const $f = ({n, l = []}, [a, b = 2] = [1]) => n + l.length + a + b; log($f(@rec)); log($f(@rec, @list));",
  "state.copy = {...@rec, n: @num, [@key]: @json};",
  "state.copy = {...@map};\nstate.copy[@key] = {n: 5};\nlog(JSON.stringify(state.m));",
  "state.l2 = [...@list, @val, ...@list];\nstate.l2.pop();",
  "state.more = [...@rows, @obj];\nfor (const e of state.more) e.n += 1;\nif (state.more.length > 9) state.more.length = 3;",
  "@rec.l = [..." + '"añ😀"' + "];",
  "Math.max(...@list); log(Math.min(...@list));",
];

/** `Object.*`, `Reflect.*`, `in`, and what asks for keys. */
const OBJECTS = [
  "log(Object.keys(@any).join());",
  "log(JSON.stringify(Object.entries(@rec)));",
  "Object.values(@map).forEach((e) => { e.n = (e.n ?? 0) + 1; });",
  "for (const e of Object.values(@map)) e.seen = true;",
  "Object.assign(@rec, @obj);",
  "log(Object.assign(@rec, {n: 3}, null, @rec) === state.r);",
  "const $c = Object.assign({}, @rec);\n$c.n = -1;\nstate.copy = $c;",
  "const $map = Object.fromEntries(Object.entries(@map).reverse());\nstate.m = $map;\n$map[@key] = {n: 1};",
  "log(Object.hasOwn(@map, @name));",
  "log(@map.hasOwnProperty?.(@key));",
  "log(@name in @map);",
  'log(@idx in @list); log(@length in @list); log("length" in @list);',
  "log(Object.getOwnPropertyNames(@any).join());",
  'log(JSON.stringify(Object.getOwnPropertyDescriptor(@rec, "n")));',
  'log(JSON.stringify(Object.getOwnPropertyDescriptor(@list, "length")));',
  "log(Object.getOwnPropertyDescriptor(@map, @key)?.value === @map[@key]);",
  "log(JSON.stringify(Object.getOwnPropertyDescriptors(@rec)));",
  "log(Object.getOwnPropertySymbols(@any).length);",
  'const $g = Object.groupBy(@rows, (e) => e.n > 1 ? "many" : "few");\nstate.groups = $g;\n$g.few?.push({n: 0});\nfor (const e of $g.many ?? []) e.n -= 1;',
  "log(Object.is(@rec, @rec)); log(Object.is(@rec.n, @num));",
  "log(Object.getPrototypeOf(@any) === Object.prototype);",
  "log(Object.isFrozen(@rec)); log(Object.isExtensible(@list));",
  "log(Reflect.ownKeys(@any).length);",
  'log(Reflect.set(@rec, "n", @num)); log(Reflect.has(@rec, @key)); log(Reflect.deleteProperty(@rec, @key));',
  "log(typeof @any); log(@list instanceof Array); log(@rec instanceof Object); log(Array.isArray(@any));",
  "log(Object.prototype.toString.call(@any)); log(String(@list)); log(`${@list}`);",
  "log(@rec.constructor === Object); log(@list.constructor === Array);",
  "state.clone = JSON.parse(JSON.stringify(@any));\nstate.clone.n = 1;",
  "state.text = JSON.stringify(@rec);\nlog(state.text.length);",
  'log(JSON.stringify(@rec, (k, v) => k === "n" ? 0 : v)); log(JSON.stringify(@rec, ["n"], 1));',
  "state.o2 = {__n: @num, get twice() { return this.__n * 2; }};\nstate.o2.__n += 1;\nlog(state.o2.twice);",
  "log(@rec?.in?.n); log(@rec.none?.n); log(@map[@key]?.l?.[0]); log(@map.none?.());",
  "@rec.in?.l?.push(1); delete @rec.in?.u; (@rec.in ?? @rec).n = 2;",
];

/** Loops over what they change. */
const LOOPS = [
  "for (const k in @map) log(k);",
  "for (const k in @list) log(k);",
  "const $m = @map;\nfor (const k in $m) { $m[k].n = 1; $m[k].k = k; }",
  "const $m = @map; for (const k in $m) delete $m[k];",
  'const $m = @map; for (const k in $m) { if (k > "b") delete $m[k]; else log(k); }',
  'const $m = @map; for (const k of Object.keys($m)) { const v = $m[k]; delete $m[k]; $m[k + "\'"] = v; }\nif (Object.keys(state.m).join("").length > 80) state.m = {};',
  "const $m = @map; let $i = 0; for (const k in $m) { delete $m[Object.keys($m).at(-1)]; if (++$i > 5) break; log(k); }",
  'const $l = @list; let $i = 0; for (const e of $l) { if (++$i > 6) break; if (typeof e === "number") $l.push(e + 1); }',
  "const $l = @list; for (const e of $l) { log(e); $l.shift(); }",
  "const $l = @rows; for (const e of $l) { if (e.n % 2) $l.splice($l.indexOf(e), 1); }",
  "const $l = @rows; for (let i = $l.length - 1; i >= 0; i--) { if ($l[i].n > 3) $l.splice(i, 1); }",
  "const $l = @list; for (let i = 0; i < $l.length && i < 20; i++) $l[i] += 1;",
  "const $l = @list; $l.forEach((e, i) => { if (i < 3) $l.push(e); else $l.pop(); });",
  "for (const [i, e] of @rows.entries()) { e.n += i; }",
  "for (const i of @list.keys()) { @rec.n = i; }",
  "const $it = @list[Symbol.iterator]();\nlog($it.next().value);\n@list.unshift(9);\nlog($it.next().value);",
  "const $it = @rows.values(); const $first = $it.next().value; @rows.push({n: 6}); for (const e of $it) { e.n += 1; if (e.n > 30) break; }",
  "let $i = 0; while (@list.length < 4 && $i++ < 5) @list.push($i);",
  "let $i = 0; do { @rec.n -= 1; } while (@rec.n > 0 && ++$i < 5);",
  'for (const k of ["x", "y", "z"]) { @map[k] = {n: k.length}; }',
  "for (let i = 0; i < 3; i++) { @stmt }",
  "const $t = @tree; const $f = (t, d) => { t.n += d; if (d < 4) for (const k of t.kids) $f(k, d + 1); }; $f($t, 1);",
  "const $f = (t, d) => t.n + (d > 4 ? 0 : t.kids.reduce((sum, k) => sum + $f(k, d + 1), 0)); state.sum = $f(@tree, 0);",
  "const $f = (t, d) => { if (d < 3 && t.kids.length) return $f(t.kids[0], d + 1); t.kids.push({n: d, kids: []}); }; $f(@tree, 0);",
  "const $f = (t, d) => ({...t, n: t.n + 1, kids: d > 3 ? [] : t.kids.map((k) => $f(k, d + 1))}); state.t = $f(@tree, 0);",
  "const $f = (t, d) => { t.kids = t.kids.filter((k) => k.n !== 1); if (d < 4) t.kids.forEach((k) => $f(k, d + 1)); }; $f(@tree, 0);",
];

/** Errors, caught and not. */
const ERRORS = [
  'try { @stmt throw new Error("e"); } catch { log("caught"); }',
  'try { @stmt } catch { log("caught"); } finally { @rec.n = 0; }',
  "try { null.x; } catch (e) { log(e instanceof TypeError); @stmt }",
  'try { @rec.none.n = 1; } catch { log("caught"); }',
  "try { @list.length = -1; } catch (e) { log(e instanceof RangeError); }",
  'if (@rec.n > 3) throw new Error("e");',
  '@stmt if (state.n > 5) throw new Error("e");',
  "if (state.n % 5 === 0) { @stmt } else { @stmt }",
  "if (@list.length > 5) { @list.length = 2; return; }",
  "switch (@rec.n) { case 1: @stmt break; default: @stmt }",
];

/** What a program observes. */
export const LOOKS: readonly string[] = [
  "log(JSON.stringify(@any));",
  "log(JSON.stringify(state.m));",
  "log(JSON.stringify(state.rows));",
  "log(Object.keys(state).join());",
  "log(@list.length);",
  "log(@rec.n);",
  "log(@any === @any);",
  "log(@name in @rec);",
  "log(JSON.stringify(state).length);",
];

/** A new state is returned. */
export const RETURNS: readonly string[] = [
  "return {...state, n: (state.n ?? 0) + 1};",
  "return {...state, m: {...state.m, [@key]: @obj}};",
  "return {...state, rows: state.rows.map((e) => ({...e, n: e.n + 1}))};",
  "return {...state, l: state.l.toSorted(@cmp), same: state.r === state.r};",
  "const {s, ...$rest} = state; return {...$rest, l: [...state.l, p.n]};",
  "return Object.fromEntries(Object.entries(state).reverse());",
  "return JSON.parse(JSON.stringify(state));",
  "return state;",
  "return state.m;",
  "return state.rows;",
  "return undefined;",
  "return {...state, r: {...state.r, m: state.m}, z: undefined};",
  "return {...state, bad: @odd};",
  "return {...state, a: state.r, b: state.r};",
  "const $o = {...state}; $o.late = 1; return $o;",
  "return @json;",
  "return null;",
  "return 7;",
];

/** The state is changed, and a new one is returned: refused. */
export const BOTH: readonly string[] = [
  "state.n = (state.n ?? 0) + 1; return {...state};",
  "state.rows.push({n: 1}); return {...state, both: true};",
  "delete state.l; return {n: 1};",
  "return Object.assign({...state}, {n: state.n++});",
];

/** Statements for the inside of a block. */
export const INNER: readonly string[] = [
  ...MEMBERS,
  ...ALIASES,
  ...MOVES,
  ...ARRAYS,
  ...ODDITIES,
].filter((template) => !template.includes("@stmt"));

const GROUPS = [
  SHAPES,
  SHAPES,
  MEMBERS,
  MEMBERS,
  MEMBERS,
  ALIASES,
  ALIASES,
  ALIASES,
  MOVES,
  MOVES,
  PATTERNS,
  PATTERNS,
  ARRAYS,
  ARRAYS,
  ARRAYS,
  ARRAY_READS,
  OBJECTS,
  OBJECTS,
  LOOPS,
  LOOPS,
  ERRORS,
];
const SMALL_GROUPS = [
  ...GROUPS,
  ...GROUPS,
  ...GROUPS,
  ...GROUPS,
  ODDITIES,
  ODDITIES,
  LARGE,
  FREEZES,
];
const LARGE_GROUPS = [...GROUPS, ...Array<readonly string[]>(16).fill(LARGE)];

/** The groups of templates that programs are made of; one that is there twice is taken more often. */
export function groupsOf(large: boolean): readonly (readonly string[])[] {
  return large ? LARGE_GROUPS : SMALL_GROUPS;
}
