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
import { deadlineOf, openDuplex, openRead } from './calls.js'
import type { Connection } from './connection.js'
import { closedError, errorOf } from './failures.js'

/** Bytes of an export in one message. */
const chunkBytes = 256 * 1024

export async function* verifyRemote(
  connection: Connection,
  { signal }: VerifyOptions,
): AsyncGenerator<VerifyStep, void, undefined> {
  const client = await connection.acquire(deadlineOf(connection), signal)
  const metadata = await connection.metadata()
  const request = create(messages.VerifyRequestSchema)
  const stream = openRead(client, eventLogMethods.verify, request, metadata)
  const cancel = cancelling(connection, signal, stream)
  try {
    for await (const message of stream as AsyncIterable<messages.VerifyResponse>) {
      const step = verifyFromMessage(message)
      if (step !== undefined) yield step
    }
  } catch (failure) {
    throw failureOf(connection, signal, failure)
  } finally {
    cancel.done()
    stream.cancel()
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
    const client = await connection.acquire(deadlineOf(connection), signal)
    const metadata = await connection.metadata()
    const request = create(messages.ExportRequestSchema, { after })
    const stream = openRead(client, eventLogMethods.export, request, metadata)
    const cancel = cancelling(connection, signal, stream)
    let result: TransferResult | undefined
    try {
      for await (const message of stream as AsyncIterable<messages.ExportResponse>) {
        const { chunk, progress, logId } = message
        if (chunk.length > 0) await output.write(chunk)
        if (logId === '') {
          if (progress !== undefined) onProgress?.(progressFromMessage(progress))
        } else if (progress !== undefined) result = { ...progressFromMessage(progress), logId }
      }
    } finally {
      cancel.done()
      stream.cancel()
    }
    if (result === undefined) throw brokenOff('export')
    await output.close()
    return result
  } catch (failure) {
    const error = isForeign(failure) ? failure : failureOf(connection, signal, failure)
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
  const client = await connection.acquire(deadlineOf(connection), signal)
  const stream = openDuplex(client, eventLogMethods.import, await connection.metadata())
  const cancel = cancelling(connection, signal, stream)
  let result: TransferResult | undefined
  let ended = false
  const received = new Promise<void>((resolve, reject) => {
    stream.on('error', reject)
    stream.on('end', resolve)
    stream.on('data', ({ progress, logId }: messages.ImportResponse) => {
      if (progress === undefined) return
      const known = progressFromMessage(progress)
      if (logId === '') onProgress?.(known)
      else result = { ...known, logId }
    })
  }).finally(() => {
    ended = true
  })
  let broken: { by: unknown } | undefined
  const isEnded = (): boolean => ended
  const brokenSource = (): { by: unknown } | undefined => broken
  const send = async (): Promise<void> => {
    try {
      for await (const chunk of chunksOf(source)) {
        if (isEnded()) return
        if (!stream.write(create(messages.ImportRequestSchema, { chunk }))) {
          await Promise.race([once(stream, 'drain'), received])
        }
      }
    } catch (error) {
      // What was sent is imported as far as it goes; then this is why there is no more of it.
      broken = { by: error }
      stream.end()
      await received.catch(() => undefined)
      throw error
    }
    stream.end()
  }
  try {
    await Promise.all([received, send()])
    if (result === undefined) throw brokenOff('import')
    return result
  } catch (failure) {
    stream.cancel()
    const source = brokenSource()
    if (source !== undefined) throw source.by
    throw isForeign(failure) ? failure : failureOf(connection, signal, failure)
  } finally {
    cancel.done()
  }
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

/** Errors of the caller's own source or sink are passed on as they are. */
function isForeign(failure: unknown): boolean {
  return (
    !(failure instanceof GoetheError) && typeof (failure as { code?: unknown })?.code !== 'number'
  )
}

function failureOf(
  connection: Connection,
  signal: VerifyOptions['signal'],
  failure: unknown,
): GoetheError {
  if (signal?.aborted) return abortedError(signal)
  if (connection.closed) return closedError()
  return errorOf(failure)
}

function brokenOff(what: string): GoetheError {
  return new GoetheError('GOETHE_UNAVAILABLE', `The server ended the ${what} before it was whole`)
}

/** Cancels a stream when the signal fires or the client closes. */
function cancelling(
  { closing }: Connection,
  signal: VerifyOptions['signal'],
  stream: { cancel(): void },
): { done(): void } {
  const cancel = (): void => {
    stream.cancel()
  }
  if (signal?.aborted || closing.aborted) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  closing.addEventListener('abort', cancel, { once: true })
  return {
    done: () => {
      signal?.removeEventListener('abort', cancel)
      closing.removeEventListener('abort', cancel)
    },
  }
}
