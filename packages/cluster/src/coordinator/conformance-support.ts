/** What the conformance suite of coordinators waits for. */
import { isGoetheError } from '@goethe/core'
import type { ChangeOutcome, Coordinator } from './coordinator.js'

/** The token of a change that was made. */
export async function changed(change: ChangeOutcome | Promise<ChangeOutcome>): Promise<string> {
  const outcome = await change
  if (outcome.outcome === 'changed') return outcome.token
  const cause = 'cause' in outcome ? outcome.cause : undefined
  throw new Error(`It should have been changed, and was ${outcome.outcome}: ${String(cause)}`, {
    cause,
  })
}

/** What is read as soon as the coordinator answers again. */
export async function untilRead(coordinator: Coordinator): ReturnType<Coordinator['read']> {
  for (;;) {
    try {
      return await coordinator.read()
    } catch (error) {
      if (!isGoetheError(error, 'GOETHE_UNAVAILABLE')) throw error
    }
  }
}

/** Changes as soon as the coordinator is there again. */
export async function retried(change: () => Promise<ChangeOutcome>): Promise<string> {
  for (;;) {
    const outcome = await change()
    if (outcome.outcome !== 'failed') return changed(outcome)
  }
}

/** A watch, and the calls that it made. */
export class Watched {
  readonly #coordinator: Coordinator
  readonly stop: () => void
  calls = 0
  #noted = 0
  #onCall: (() => void) | undefined

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
    this.stop = coordinator.watch(() => {
      this.calls++
      this.#onCall?.()
    })
  }

  /** Resolves when it has called since this was last asked. */
  async called(): Promise<void> {
    while (this.calls === this.#noted) {
      await new Promise<void>((resolve) => {
        this.#onCall = resolve
      })
    }
    this.#noted = this.calls
  }

  /** Resolves when a call has led to this state of the record. */
  async until(token: string): Promise<void> {
    for (;;) {
      await this.called()
      if ((await untilRead(this.#coordinator))?.token === token) return
    }
  }
}
