/**
 * The registry as data: what its state is, and what can happen to it. Nothing
 * here knows of files, and nothing that is written here has to be repeated for
 * them.
 */

import {
  type DeepReadonly,
  type MutationOf,
  mutators,
  type StateManagerOptions,
} from "@mini-ts/durable";

/** A package that is installed. */
export interface Component {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly files: number;
  readonly bytes: number;
}

/** What the registry knows. */
export interface Registry {
  /** The components by name. */
  components: Record<string, Component>;
  /** Which revision of a component is deployed; none before the first time. */
  deployed: Record<string, number>;
}

/** What can happen, and what must be told of it. */
export interface Payloads {
  register: Component;
  update: Component;
  remove: { name: string };
  deploy: { name: string; revision: number };
}

/** One thing that happened: `{ remove: { name: "left-pad" } }`. */
export type Mutation = MutationOf<Payloads>;

function known({ components }: Registry, name: string): void {
  if (Object.hasOwn(components, name)) return;
  throw new Error(`"${name}" is not registered`);
}

/** How a registry is opened. A mutator that throws refuses its mutation: nothing changes, and nothing is written. */
export const REGISTRY: StateManagerOptions<Registry, Mutation> = {
  initial: { components: {}, deployed: {} },
  apply: mutators<Registry, Payloads>({
    register({ components }, component) {
      if (Object.hasOwn(components, component.name)) {
        throw new Error(`"${component.name}" is registered already`);
      }
      components[component.name] = component;
    },
    update(state, component) {
      known(state, component.name);
      state.components[component.name] = component;
    },
    remove(state, { name }) {
      known(state, name);
      delete state.components[name];
      delete state.deployed[name];
    },
    deploy(state, { name, revision }) {
      known(state, name);
      const next = revisionOf(state, name) + 1;
      if (revision !== next) {
        throw new Error(`"${name}" is due for revision ${next}`);
      }
      state.deployed[name] = revision;
    },
  }),
};

/** The revision of a component that is deployed; 0 for none. */
export function revisionOf(
  { deployed }: DeepReadonly<Registry>,
  name: string,
): number {
  return Object.hasOwn(deployed, name) ? deployed[name] : 0;
}

/** The mutations that lead from a registry to what is installed. */
export function differences(
  { components }: DeepReadonly<Registry>,
  installed: readonly Component[],
): Mutation[] {
  const mutations: Mutation[] = [];
  for (const component of installed) {
    const { name } = component;
    if (!Object.hasOwn(components, name)) {
      mutations.push({ register: component });
    } else if (!isSame(components[name], component)) {
      mutations.push({ update: component });
    }
  }
  const names = new Set(installed.map(({ name }) => name));
  for (const name of Object.keys(components)) {
    if (!names.has(name)) mutations.push({ remove: { name } });
  }
  return mutations;
}

function isSame(one: Component, other: Component): boolean {
  return one.version === other.version && one.license === other.license &&
    one.files === other.files && one.bytes === other.bytes;
}

/** The next `count` deployments: one component after the other, each time with its next revision. */
export function deployments(
  registry: DeepReadonly<Registry>,
  count: number,
): Mutation[] {
  const names = Object.keys(registry.components);
  const first = names.map((name) => revisionOf(registry, name) + 1);
  return Array.from({ length: count }, (_, i) => {
    const turn = i % names.length;
    const revision = first[turn] + Math.floor(i / names.length);
    return { deploy: { name: names[turn], revision } };
  });
}
