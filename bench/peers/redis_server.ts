/**
 * A Redis server that lives as long as a row.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";

/** A server that answers. */
export interface RedisServer {
  /** Where it listens. */
  readonly port: number;
  /** Stops it; resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Runs the server until its own input ends, so that it ends with the process that
 * began it, however that one ends.
 */
const SCRIPT =
  'redis-server "$@" & server=$!; read -r _; kill $server; wait $server';
const ATTEMPTS = 100;
const INTERVAL = 50;

/** Starts a server that syncs its log before it answers; rejects where there is none. */
export async function startRedis(directory: string): Promise<RedisServer> {
  await promisify(execFile)("redis-server", ["--version"]).catch((cause) => {
    throw new Error("redis-server is not installed", { cause });
  });
  const port = await freePort();
  const options = {
    port,
    bind: "127.0.0.1",
    dir: directory,
    appendonly: "yes",
    appendfsync: "always",
    save: "",
  };
  const server = spawn(
    "sh",
    [
      "-c",
      SCRIPT,
      "sh",
      ...Object.entries(options).flatMap((
        [name, value],
      ) => [`--${name}`, String(value)]),
    ],
    { stdio: ["pipe", "ignore", "ignore"] },
  );
  const ended = new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.on("close", () => resolve());
  });
  const stop = () => {
    server.stdin.end();
    return ended;
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await isListening(port)) return { port, stop };
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
  await stop();
  throw new Error("redis-server does not answer");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("there is no free port"))
      );
    });
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
