/** What abstract-level reports, in the words of the log. */
import { GoetheError } from './errors.js'

/** Of a read that failed. */
export function throwReadError(error: unknown): never {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'LEVEL_CORRUPTION') {
    throw new GoetheError('GOETHE_CORRUPT', `The store is corrupt: ${message}`, { cause: error })
  }
  if (code?.endsWith('_NOT_OPEN')) {
    throw new GoetheError('GOETHE_CLOSED', 'The store was closed', { cause: error })
  }
  throw new GoetheError('GOETHE_READ_FAILED', `The store could not be read: ${message}`, {
    cause: error,
  })
}

/** Of a database that could not be opened. */
export function openError(error: unknown): GoetheError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  if (cause?.code === 'LEVEL_LOCKED') {
    // LevelDB tells by its words alone whether it was this process that has taken the lock.
    const where = /already held by process/.test(cause.message ?? '') ? 'this' : 'another'
    return new GoetheError(
      'GOETHE_LOCKED',
      `The store is open already in ${where} process, and only once at a time: ${cause.message ?? ''}`,
      { cause: error },
    )
  }
  const reason = cause?.message ?? (error as Error).message
  return new GoetheError('GOETHE_INVALID_STORE', `The store could not be opened: ${reason}`, {
    cause: error,
  })
}
