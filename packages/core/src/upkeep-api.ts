import type { AbortSignalLike } from './abort-signal.js'

export interface VerifyOptions {
  /** Ends it with GOETHE_ABORTED. */
  signal?: AbortSignalLike | undefined
}

export type VerifyStep =
  | {
      type: 'progress'
      phase: 'events' | 'commits' | 'index' | 'cursors' | 'records'
      /** Entries checked so far, in all phases. */
      checked: number
    }
  | {
      type: 'problem'
      /** The part of the store that holds the wrong entry. */
      keyspace: 'events' | 'commits' | 'index' | 'cursors' | 'topics' | 'producers' | 'meta'
      topic: string | undefined
      /** The entry's key in hexadecimal. */
      key: string
      /** What is wrong, as a sentence. */
      message: string
    }

/**
 * Takes bytes: a web WritableStream, which is closed at the end and aborted by a failure, or a function
 * that resolves when it can take more.
 */
export type ByteSink = { getWriter(): ByteSinkWriter } | ((chunk: Uint8Array) => unknown)

export interface ByteSinkWriter {
  write(chunk: Uint8Array): Promise<unknown>
  close(): Promise<unknown>
  abort(reason?: unknown): Promise<unknown>
}

export interface TransferProgress {
  events: number
  /** Payload bytes. */
  bytes: number
  /** The last id handled so far. */
  lastId: bigint
}

export interface ExportOptions {
  /** Only what came after this id: an incremental backup. Default: everything. */
  after?: bigint | undefined
  /** Called after each commit. Default: nobody is told. */
  onProgress?: ((progress: TransferProgress) => void) | undefined
  /** Ends it with GOETHE_ABORTED. */
  signal?: AbortSignalLike | undefined
}

export interface ImportOptions {
  /** Called after each commit. Default: nobody is told. */
  onProgress?: ((progress: TransferProgress) => void) | undefined
  /** Ends it with GOETHE_ABORTED. */
  signal?: AbortSignalLike | undefined
}

export interface TransferResult extends TransferProgress {
  /** The log that was exported. */
  logId: string
}
