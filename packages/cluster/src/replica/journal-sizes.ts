/**
 * How many bytes of payload the entries of a journal have, so that what is kept of them can be bounded
 * by bytes. It is remembered in steps, and not for each entry, so that it stays small; what is answered
 * is right up to a step.
 */

/** So many bytes of payload have the entries behind the mark before, up to this one. */
export interface SizeMark {
  readonly lsn: number
  readonly bytes: number
}

export class JournalSizes {
  readonly #stepBytes: number
  /** Ascending. Each mark knows the bytes of all that came before it as well. */
  #marks: { lsn: number; bytes: number; totalBytes: number }[] = []
  /** What is not in the journal any more. */
  #trimmedBytes = 0

  constructor(stepBytes: number, marks: readonly SizeMark[] = []) {
    this.#stepBytes = stepBytes
    for (const { lsn, bytes } of marks) this.append(lsn, bytes)
  }

  get marks(): readonly SizeMark[] {
    return this.#marks.map(({ lsn, bytes }) => ({ lsn, bytes }))
  }

  append(lsn: number, bytes: number): void {
    const last = this.#marks.at(-1)
    if (last !== undefined && last.bytes + bytes <= this.#stepBytes) {
      last.lsn = lsn
      last.bytes += bytes
      last.totalBytes += bytes
    } else {
      this.#marks.push({ lsn, bytes, totalBytes: this.#totalBytes + bytes })
    }
  }

  /** Forgets what is beyond `lsn`, but for what shares a step with it. */
  truncate(lsn: number): void {
    const kept = this.#marks.findIndex((mark) => mark.lsn >= lsn)
    if (kept === -1) return
    this.#marks.length = kept + 1
    this.#marks[kept]!.lsn = lsn
  }

  /** Forgets what is up to `lsn`, but for what shares a step with entries behind it. */
  trim(lsn: number): void {
    while (this.#marks.length > 0 && this.#marks[0]!.lsn <= lsn) {
      this.#trimmedBytes = this.#marks.shift()!.totalBytes
    }
  }

  restart(): void {
    this.#marks = []
    this.#trimmedBytes = 0
  }

  /** The first entry behind which there are at most so many bytes; 0 where all are no more than that. */
  behind(bytesMax: number): number {
    const surplus = this.#totalBytes - bytesMax
    if (surplus <= this.#trimmedBytes) return 0
    let [low, high] = [0, this.#marks.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#marks[middle]!.totalBytes >= surplus) high = middle
      else low = middle + 1
    }
    return this.#marks[low]!.lsn
  }

  get #totalBytes(): number {
    return this.#marks.at(-1)?.totalBytes ?? this.#trimmedBytes
  }
}
