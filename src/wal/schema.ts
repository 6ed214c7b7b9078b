/**
 * Validation of records by the caller's own rules.
 *
 * @module
 */

import { messageOf } from "../errors.ts";

/** What a schema says of a value. */
export type SchemaResult<R> =
  | { readonly value: R; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/**
 * The part of the Standard Schema interface, version 1
 * (<https://standardschema.dev>), that this package uses; schemas of Zod,
 * Valibot, ArkType and others fit.
 *
 * @typeParam R The type of the values that pass.
 */
export interface StandardSchema<R> {
  /** The properties that the interface asks for. */
  readonly "~standard": {
    /** Version of the interface. */
    readonly version: 1;
    /** Name of the schema library. */
    readonly vendor: string;
    /** Checks a value; must answer at once. */
    readonly validate: (
      value: unknown,
    ) => SchemaResult<R> | Promise<SchemaResult<R>>;
    /** Types, for inference only. */
    readonly types?:
      | { readonly input: unknown; readonly output: R }
      | undefined;
  };
}

/**
 * A rule for records: a type guard, or any function that returns `false` or
 * throws to refuse; or a Standard Schema.
 *
 * What a schema returns is what is written, and on replay it sees what it had
 * returned: a schema that transforms must accept its own output.
 *
 * @typeParam R The type of the records.
 */
export type Validate<R> =
  | ((value: unknown) => value is R)
  | ((value: unknown) => boolean | void)
  | StandardSchema<R>;

/** Applies a rule to a value, and returns the record to use or throws a {@linkcode Refusal}. */
export type Check<R> = (value: unknown) => R;

/** A rule said no; whoever asked knows which record it is about. */
export class Refusal extends Error {}

/**
 * Makes one function of a rule, with one kind of error.
 *
 * @param validate The rule, if there is one.
 * @returns A function that returns the record or throws.
 */
export function compileCheck<R>(validate: Validate<R> | undefined): Check<R> {
  if (validate === undefined) return (value) => value as R;
  if (typeof validate === "function") {
    return (value) => {
      let accepted: boolean | void;
      try {
        accepted = validate(value);
      } catch (cause) {
        throw new Refusal(messageOf(cause), { cause });
      }
      if ((accepted as unknown) instanceof Promise) {
        throw new TypeError(
          "Cannot use the option validate: the function is asynchronous",
        );
      }
      if (accepted === false) throw new Refusal("validate returned false");
      return value as R;
    };
  }
  const schema = (validate as Partial<StandardSchema<R>>)["~standard"];
  if (typeof schema?.validate !== "function") {
    throw new TypeError(
      "Cannot use the option validate: it is neither a function nor a Standard Schema",
    );
  }
  return (value) => {
    let result: SchemaResult<R> | Promise<SchemaResult<R>>;
    try {
      result = schema.validate(value);
    } catch (cause) {
      throw new Refusal(messageOf(cause), { cause });
    }
    if (result instanceof Promise) {
      throw new TypeError(
        "Cannot use the option validate: the schema is asynchronous",
      );
    }
    if (!result.issues) return result.value;
    const messages = result.issues.map(({ message }) => message).join("; ");
    throw new Refusal(messages, { cause: result.issues });
  };
}
