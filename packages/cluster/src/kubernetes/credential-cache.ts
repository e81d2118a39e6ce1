/** Credentials that are read again in time: a token in a pod is replaced before it expires. */
import type { Clock } from '@goethe/core'
import type { ClusterAccess, Credentials } from './cluster-access.js'

/** A new token has lasted for minutes when the old one ends. */
const rereadMs = 60_000

export class CredentialCache {
  readonly #access: ClusterAccess
  readonly #clock: Clock
  #credentials: Credentials | undefined
  #reading: Promise<Credentials> | undefined
  #isFresh = false
  #stopTimer: (() => void) | undefined

  constructor(access: ClusterAccess, clock: Clock) {
    this.#access = access
    this.#clock = clock
  }

  /** Those of the last minute. Rejects where there were never any, with what reading them said. */
  async get(): Promise<Credentials> {
    if (this.#isFresh) return this.#credentials!
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** Reads them again for the next call: the server does not take these any more. */
  expire(): void {
    this.#stopTimer?.()
    this.#isFresh = false
  }

  async #read(): Promise<Credentials> {
    try {
      this.#credentials = await this.#access.readCredentials()
    } catch (error) {
      // While the files are being replaced, those that we have may do.
      if (this.#credentials === undefined) throw error
      return this.#credentials
    }
    this.#isFresh = true
    this.#stopTimer = this.#clock.setTimer(
      () => {
        this.#isFresh = false
      },
      rereadMs,
      'background',
    )
    return this.#credentials
  }

  close(): void {
    this.#stopTimer?.()
  }
}
