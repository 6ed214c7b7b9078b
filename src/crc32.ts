/**
 * CRC-32 in plain TypeScript: reflected polynomial 0xEDB88320, as in zlib, PNG
 * and IEEE 802.3, eight bytes a step ("slicing-by-8", Kounavis and Berry, 2005).
 *
 * About 1 GB/s. It serves where a native one is not at hand (the file system in
 * memory) and where the input is so short that a native call costs more.
 *
 * @module
 */

const TABLES: readonly Int32Array[] = Array.from(
  { length: 8 },
  () => new Int32Array(256),
);
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  T0[byte] = crc;
}
for (let k = 1; k < 8; k++) {
  for (let byte = 0; byte < 256; byte++) {
    const crc = TABLES[k - 1][byte];
    TABLES[k][byte] = (crc >>> 8) ^ T0[crc & 255];
  }
}

/** What each byte that is shifted out adds to a CRC-32. */
export const CRC_TABLE: Int32Array = T0;

/**
 * CRC-32 of some bytes.
 *
 * @param bytes The bytes.
 * @param seed The CRC-32 of what came before them; 0 to begin.
 * @param from Where to begin in `bytes`.
 * @param to Where to end.
 * @returns An unsigned 32-bit number.
 */
export function crc32(
  bytes: Uint8Array,
  seed = 0,
  from = 0,
  to: number = bytes.length,
): number {
  let crc = ~seed;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) |
      (bytes[i + 3] << 24);
    crc = T7[crc & 255] ^ T6[(crc >>> 8) & 255] ^ T5[(crc >>> 16) & 255] ^
      T4[crc >>> 24] ^ T3[bytes[i + 4]] ^ T2[bytes[i + 5]] ^
      T1[bytes[i + 6]] ^ T0[bytes[i + 7]];
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ T0[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}
