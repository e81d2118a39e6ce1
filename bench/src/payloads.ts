/** Events in one append of the batch scenarios. */
export const batchSize = 1000

/** Payloads are used again after so many: few enough to make, too many to be compressed away. */
const poolSize = 10_000

/**
 * Batches of payloads of pseudo-random bytes, which no store can compress: the same ones in every
 * process. Use them round robin.
 */
export function payloadBatches(sizeBytes: number): Buffer[][] {
  const bytes = pseudoRandomBytes(poolSize * sizeBytes)
  const payloads = Array.from({ length: poolSize }, (_, index) =>
    bytes.subarray(index * sizeBytes, (index + 1) * sizeBytes),
  )
  return Array.from({ length: poolSize / batchSize }, (_, index) =>
    payloads.slice(index * batchSize, (index + 1) * batchSize),
  )
}

/** A source of numbers from 0 to 1 that are the same in every process (xorshift32). */
export function pseudoRandom(seed = 1): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}

function pseudoRandomBytes(sizeBytes: number): Buffer {
  const random = pseudoRandom()
  const bytes = Buffer.alloc(sizeBytes)
  for (let index = 0; index < sizeBytes; index++) bytes[index] = random() * 256
  return bytes
}
