export * from "deno-std/jsonc/mod.js";
