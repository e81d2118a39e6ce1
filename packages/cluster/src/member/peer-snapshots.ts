import { GoetheError, isGoetheError } from '@goethe/core'
import type { Position } from '../replica/position.js'
import { decodeSnapshotFrame } from './snapshot-codec.js'
import { encodeSnapshotRequest } from './snapshot-request.js'
import type { SnapshotChunk, SnapshotSource } from './snapshot-source.js'

/** Fetches frames of another member; what `SnapshotSender.send` gives there. */
export type FetchFrames = (
  from: string,
  request: Uint8Array,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>

/** How often a transfer goes on after its connection broke without having brought anything. */
const failuresMax = 5

/** Snapshots from other members, which go on when a connection breaks. */
export class PeerSnapshots implements SnapshotSource {
  readonly #fetchFrames: FetchFrames

  constructor(fetchFrames: FetchFrames) {
    this.#fetchFrames = fetchFrames
  }

  async *fetch(
    from: string,
    epoch: number,
    signal: AbortSignal,
  ): AsyncGenerator<SnapshotChunk, void, undefined> {
    let session: string | undefined
    let applied: Position | undefined
    let after: Uint8Array | undefined
    let count = 0
    for (let failures = 0; ; failures++) {
      const request = encodeSnapshotRequest({ epoch, session, after, entriesBefore: count })
      try {
        for await (const bytes of this.#fetchFrames(from, request, signal)) {
          const frame = decodeSnapshotFrame(bytes)
          if (frame.type === 'header') {
            ;({ session, applied } = frame)
          } else if (frame.type === 'entries') {
            yield frame
            count += frame.entries.length
            after = frame.entries.at(-1)?.[0].slice() ?? after
            failures = 0
          } else {
            if (applied === undefined || frame.entries !== count) throw incomplete()
            yield { type: 'end', applied, entries: count }
            return
          }
        }
        throw incomplete()
      } catch (error) {
        const broken = isGoetheError(error, 'GOETHE_UNAVAILABLE') && session !== undefined
        if (!broken || failures >= failuresMax) throw error
      }
    }
  }
}

function incomplete(): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', 'A snapshot has ended before it was whole')
}
