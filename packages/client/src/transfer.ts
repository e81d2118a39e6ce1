/** Verify, export and import through a server. They do not go on after a broken connection. */
import type {
  ByteSink,
  ExportOptions,
  ImportOptions,
  TransferResult,
  VerifyOptions,
  VerifyStep,
} from '@goethe/core'
import { GoetheError } from '@goethe/core'
import { abortedError, checkExport, checkImport, outputOf } from '@goethe/core/contract'
import {
  create,
  eventLogMethods,
  messages,
  progressFromMessage,
  verifyFromMessage,
} from '@goethe/protocol'
import { once } from 'node:events'
import { answersOf } from './answers.js'
import { openDuplex, openRead } from './calls.js'
import type { Connection } from './connection.js'
import { deadlineOf } from './waiting.js'

/** Bytes of an import in one message. */
const chunkBytes = 256 * 1024

export async function* verifyRemote(
  connection: Connection,
  { signal }: VerifyOptions,
): AsyncGenerator<VerifyStep, void, undefined> {
  const deadline = deadlineOf(connection)
  const client = await connection.acquire(deadline, signal)
  const metadata = await connection.metadata(deadline, signal)
  const request = create(messages.VerifyRequestSchema)
  const stream = openRead(client, eventLogMethods.verify, request, metadata)
  for await (const message of answersOf<messages.VerifyResponse>(connection, signal, stream)) {
    const step = verifyFromMessage(message)
    if (step !== undefined) yield step
  }
}

export async function exportRemote(
  connection: Connection,
  sink: ByteSink,
  options: ExportOptions,
): Promise<TransferResult> {
  const after = checkExport(options)
  const output = outputOf(sink)
  const { signal, onProgress } = options
  try {
    if (signal?.aborted) throw abortedError(signal)
    const deadline = deadlineOf(connection)
    const client = await connection.acquire(deadline, signal)
    const metadata = await connection.metadata(deadline, signal)
    const request = create(messages.ExportRequestSchema, { after })
    const stream = openRead(client, eventLogMethods.export, request, metadata)
    let result: TransferResult | undefined
    for await (const message of answersOf<messages.ExportResponse>(connection, signal, stream)) {
      const { chunk, progress, logId } = message
      if (chunk.length > 0) await output.write(chunk)
      if (logId === '') {
        if (progress !== undefined) onProgress?.(progressFromMessage(progress))
      } else if (progress !== undefined) result = { ...progressFromMessage(progress), logId }
    }
    if (result === undefined) throw brokenOff('export')
    await output.close()
    return result
  } catch (error) {
    await output.abort(error)
    throw error
  }
}

export async function importRemote(
  connection: Connection,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<TransferResult> {
  checkImport(source, options)
  const { signal, onProgress } = options
  if (signal?.aborted) throw abortedError(signal)
  const deadline = deadlineOf(connection)
  const client = await connection.acquire(deadline, signal)
  const metadata = await connection.metadata(deadline, signal)
  const stream = openDuplex(client, eventLogMethods.import, metadata)
  const state: SourceState = { isAwaited: true, broken: undefined }
  const receive = async (): Promise<TransferResult> => {
    let result: TransferResult | undefined
    const answers = answersOf<messages.ImportResponse>(
      connection,
      signal,
      stream,
      () => state.isAwaited,
    )
    for await (const { progress, logId } of answers) {
      if (progress === undefined) continue
      const known = progressFromMessage(progress)
      if (logId === '') onProgress?.(known)
      else result = { ...known, logId }
    }
    if (result === undefined) throw brokenOff('import')
    return result
  }
  const received = receive()
  const send = async (): Promise<void> => {
    for await (const chunk of chunksOf(source)) {
      if (stream.destroyed) return
      state.isAwaited = false
      if (!stream.write(create(messages.ImportRequestSchema, { chunk }))) {
        await Promise.race([once(stream, 'drain'), received])
      }
      state.isAwaited = true
    }
    state.isAwaited = false
  }
  const sent = send().then(
    () => {
      stream.end()
    },
    (error: unknown) => {
      // What was sent is imported as far as it goes; then this is why there is no more of it.
      state.broken = { by: error }
      state.isAwaited = false
      stream.end()
    },
  )
  try {
    const [result] = await Promise.all([received, sent])
    if (state.broken === undefined) return result
  } catch (error) {
    if (state.broken === undefined) throw error
  }
  throw state.broken.by
}

interface SourceState {
  /** True while the server waits for what the source has not given yet. */
  isAwaited: boolean
  /** Why the source gave no more. */
  broken: { by: unknown } | undefined
}

/** The same bytes in pieces of a size that suits messages. */
async function* chunksOf(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const part = bytes.subarray(at, at + chunkBytes)
      parts.push(part)
      size += part.length
      if (size < chunkBytes) continue
      yield Buffer.concat(parts)
      parts = []
      size = 0
    }
  }
  if (size > 0) yield Buffer.concat(parts)
}

function brokenOff(what: string): GoetheError {
  return new GoetheError('GOETHE_UNAVAILABLE', `The server ended the ${what} before it was whole`)
}
