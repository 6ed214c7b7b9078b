export * from "deno-std/path/mod.js";
