/**
 * How much memory a process takes.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

/** What is resident now, in bytes. */
export function resident(): number {
  return process.memoryUsage.rss();
}

/** The most that was resident since the start, or since the last {@linkcode forgetPeak}, in bytes; 0 where the kernel keeps no peak. */
export function peakOfKernel(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Lets the kernel's peak begin anew; `false` where it cannot. */
export function forgetPeak(): boolean {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
    return true;
  } catch {
    return false;
  }
}

/** Frees what is not used any more, as far as the runtime does it when asked. */
export function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}
