/**
 * What the commits that are being written will have made of topics and producers: those that are
 * planned meanwhile build on it. None of it is told to anybody before it is written.
 */
import type { CommitPlan } from './commit.js'
import { ProducerResults } from './producers.js'
import type { TopicHead } from './topic-draft.js'

export class CommitsUnderWay {
  readonly #plans = new Set<CommitPlan>()
  readonly #heads = new Map<string, { plan: CommitPlan; head: TopicHead }>()
  readonly #producers = new Map<string, { plan: CommitPlan; results: ProducerResults }>()
  #lastId: bigint | undefined

  get count(): number {
    return this.#plans.size
  }

  /** The last id of the log once all of them are written; undefined where none gives one. */
  get lastId(): bigint | undefined {
    return this.#lastId
  }

  head(topic: string): TopicHead | undefined {
    return this.#heads.get(topic)?.head
  }

  /** Results by the name that `producerName` gives. */
  producerResults(name: string): ProducerResults | undefined {
    return this.#producers.get(name)?.results
  }

  add(plan: CommitPlan): void {
    this.#plans.add(plan)
    if (plan.events === 0) return
    this.#lastId = plan.lastId
    for (const { state, head } of plan.topics) this.#heads.set(state.topic, { plan, head })
    for (const [name, record] of plan.producers) {
      this.#producers.set(name, { plan, results: new ProducerResults(record) })
    }
  }

  /** It is written, so that topics and producers are as it made them, or has failed. */
  remove(plan: CommitPlan): void {
    this.#plans.delete(plan)
    if (this.#lastId === plan.lastId) this.#lastId = undefined
    for (const { state } of plan.topics) {
      if (this.#heads.get(state.topic)?.plan === plan) this.#heads.delete(state.topic)
    }
    for (const [name] of plan.producers) {
      if (this.#producers.get(name)?.plan === plan) this.#producers.delete(name)
    }
  }
}
