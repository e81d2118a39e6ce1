/** Splits what arrives in pieces into lines, and those into values. */

/** Two objects of the largest size that Kubernetes stores, and a little. */
const lineBytesMax = 4 * 1024 * 1024

export class JsonLines {
  #pieces: Buffer[] = []
  #size = 0

  /** The values of the lines that these bytes complete. Throws for a line that is not JSON. */
  push(bytes: Buffer): unknown[] {
    const values: unknown[] = []
    let from = 0
    for (;;) {
      const at = bytes.indexOf(0x0a, from)
      if (at === -1) break
      this.#pieces.push(bytes.subarray(from, at))
      const line = Buffer.concat(this.#pieces).toString('utf8')
      this.#pieces = []
      this.#size = 0
      if (line.trim() !== '') values.push(JSON.parse(line))
      from = at + 1
    }
    this.#pieces.push(bytes.subarray(from))
    this.#size += bytes.length - from
    if (this.#size > lineBytesMax) throw new Error(`A line has more than ${lineBytesMax} bytes`)
    return values
  }
}
