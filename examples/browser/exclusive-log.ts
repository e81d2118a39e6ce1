import { EventLog } from '@goethe/core'
import { BrowserLevel } from 'browser-level'

/**
 * Opens a log in IndexedDB for this tab alone. A log has one writer; IndexedDB would let several tabs
 * write, so a Web Lock keeps the others out. While another tab has it, `onWaiting` is called, and
 * the promise waits until that tab is closed. The lock is held as long as this tab lives.
 */
export async function openExclusively(name: string, onWaiting: () => void): Promise<EventLog> {
  const free = await holdLock(name, { ifAvailable: true })
  if (!free) {
    onWaiting()
    await holdLock(name, {})
  }
  return EventLog.open(new BrowserLevel(name))
}

/** Resolves with true once the lock is held, with false when it is not to be had at once. */
function holdLock(name: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`goethe:${name}`, options, (lock) => {
        resolve(lock !== null)
        // A lock is held until this promise settles: here that is never.
        return lock === null ? undefined : new Promise<void>(() => {})
      })
      .catch(reject)
  })
}
