import { Failure } from './failure.js'

/** Longer lines are an input that has none. The log's own limit for events is the same. */
const lineBytesMax = 16 * 1024 * 1024
const lineFeed = 0x0a

/**
 * The lines of a stream as bytes, without their ends; the last one may have none. Those that came
 * together are given out together.
 */
export async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array[]> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of source) {
    const lines: Uint8Array[] = []
    let start = 0
    for (
      let end = chunk.indexOf(lineFeed);
      end !== -1;
      start = end + 1, end = chunk.indexOf(lineFeed, start)
    ) {
      const line = chunk.subarray(start, end)
      lines.push(pending.length === 0 ? line : Buffer.concat([...pending, line]))
      pending = []
      pendingBytes = 0
    }
    if (start < chunk.length) pending.push(chunk.subarray(start))
    pendingBytes += chunk.length - start
    if (lines.length > 0) yield lines
    if (pendingBytes > lineBytesMax) {
      throw new Failure(`A line of the input is longer than ${lineBytesMax / 1024 / 1024} MiB`)
    }
  }
  if (pendingBytes > 0) yield [Buffer.concat(pending)]
}
