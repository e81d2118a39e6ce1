/**
 * What waits to be committed, in the order in which it came. Up to `bytesMax` of it is admitted; the
 * rest waits outside for room, and whoever appends waits with it. As long as no commit has taken a
 * work, its signal takes it out again.
 */
import type { AbortSignalLike } from './abort-signal.js'
import { abortedError } from './errors.js'
import { commitBytesMax } from './limits.js'
import type { Work } from './work.js'

export class WorkQueue {
  readonly #bytesMax: number
  /** Admitted, and not taken. */
  #admitted: Work[] = []
  /** Not admitted yet, because the queue is full. */
  #outside: Work[] = []
  #admittedBytes = 0
  /** Of works that commits under way have taken. */
  #takenBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of works that were admitted and are not settled. */
  get bytes(): number {
    return this.#admittedBytes + this.#takenBytes
  }

  /** Bytes of works that no commit has taken yet. */
  get admittedBytes(): number {
    return this.#admittedBytes
  }

  /** Works that wait for room. */
  get outside(): number {
    return this.#outside.length
  }

  /** True when there is nothing for a commit to take. */
  get isEmpty(): boolean {
    return this.#admitted.length === 0
  }

  /** True when the work was admitted; else it waits for room, or was aborted before it came. */
  add(work: Work): boolean {
    const signal = work.options?.signal
    if (signal !== undefined && !this.#listen(work, signal)) return false
    if (this.#outside.length > 0 || !this.#hasRoomFor(work)) {
      this.#outside.push(work)
      return false
    }
    this.#admit(work)
    return true
  }

  /** Admits those that waited for room which there is now. */
  refill(): void {
    let admitted = 0
    for (const work of this.#outside) {
      if (!this.#hasRoomFor(work)) break
      this.#admit(work)
      admitted++
    }
    if (admitted > 0) this.#outside.splice(0, admitted)
  }

  /** Takes out what one commit writes: as much as it may hold, but for what wants one of its own. */
  take(): Work[] {
    let bytes = 0
    let count = 0
    while (count < this.#admitted.length && (count === 0 || bytes < commitBytesMax)) {
      const { options, bytes: more } = this.#admitted[count]!
      if (options?.alone && count > 0) break
      bytes += more
      count++
      if (options?.alone) break
    }
    this.#admittedBytes -= bytes
    this.#takenBytes += bytes
    return count === this.#admitted.length ? this.#takeAdmitted() : this.#admitted.splice(0, count)
  }

  /** What was taken is settled, and makes room. */
  release(taken: readonly Work[]): void {
    for (const { bytes } of taken) this.#takenBytes -= bytes
  }

  /** Takes out all that no commit has taken, because none will. */
  clear(): Work[] {
    const all = [...this.#admitted, ...this.#outside]
    this.#admitted = []
    this.#outside = []
    this.#admittedBytes = 0
    return all
  }

  /** One work has room in an empty queue, however large it is. */
  #hasRoomFor({ bytes }: Work): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.#bytesMax
  }

  #admit(work: Work): void {
    this.#admittedBytes += work.bytes
    this.#admitted.push(work)
  }

  #takeAdmitted(): Work[] {
    const all = this.#admitted
    this.#admitted = []
    return all
  }

  /** False when the signal has fired already. */
  #listen(work: Work, signal: AbortSignalLike): boolean {
    if (signal.aborted) {
      work.reject(abortedError(signal))
      return false
    }
    const onAbort = (): void => {
      // Nobody knows any more how that ends which a commit has taken.
      if (work.settled || !this.#drop(work)) return
      work.settle()
      work.reject(abortedError(signal))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.stopListening = () => {
      signal.removeEventListener('abort', onAbort)
    }
    return true
  }

  /** Takes out one work; false when it is not here any more. */
  #drop(work: Work): boolean {
    if (remove(this.#outside, work)) return true
    if (!remove(this.#admitted, work)) return false
    this.#admittedBytes -= work.bytes
    return true
  }
}

function remove(works: Work[], work: Work): boolean {
  const at = works.indexOf(work)
  if (at >= 0) works.splice(at, 1)
  return at >= 0
}
