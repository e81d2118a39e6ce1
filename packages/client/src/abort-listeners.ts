import type { AbortSignalLike } from '@goethe/core'

interface Listened {
  readonly callbacks: Set<() => void>
  readonly onAbort: () => void
}

/**
 * Who listens to the signals of callers: one listener a signal, however many calls have it. With
 * one for each, Node would warn of a leak.
 */
export class AbortListeners {
  readonly #listened = new WeakMap<AbortSignalLike, Listened>()

  /** Calls back once when the signal fires; the function returned takes it back. */
  listen(signal: AbortSignalLike, callback: () => void): () => void {
    const { callbacks } = this.#listened.get(signal) ?? this.#attach(signal)
    callbacks.add(callback)
    return () => {
      callbacks.delete(callback)
      // A signal that lives longer than the calls that had it keeps nothing of them.
      if (callbacks.size === 0) this.#detach(signal)
    }
  }

  #attach(signal: AbortSignalLike): Listened {
    const callbacks = new Set<() => void>()
    const onAbort = (): void => {
      this.#listened.delete(signal)
      for (const callback of [...callbacks]) callback()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const listened = { callbacks, onAbort }
    this.#listened.set(signal, listened)
    return listened
  }

  #detach(signal: AbortSignalLike): void {
    const listened = this.#listened.get(signal)
    if (listened === undefined || listened.callbacks.size > 0) return
    this.#listened.delete(signal)
    signal.removeEventListener('abort', listened.onAbort)
  }
}
