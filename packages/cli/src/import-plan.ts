/**
 * What an import does with each event: skip it because an earlier run has appended it, or append it
 * on the condition that exactly those before it are there. It also keeps times in order.
 */
import { isDeepStrictEqual } from 'node:util'
import type { EventLogApi } from '@goethe/core'
import { isGoetheError } from '@goethe/core'
import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import type { NewEvent } from './line-events.js'

export interface ImportPlanOptions {
  /** Events that are there already are those of an earlier run. */
  resume: boolean
  /** Events that are there already are others. */
  add: boolean
  /** Times may lie before the last event. */
  allowLate: boolean
}

interface TopicProgress {
  /** Events of the topic when the import began. */
  there: number
  /** Events of the topic in the input so far. */
  seen: number
}

export class ImportPlan {
  skipped = 0
  readonly #log: EventLogApi
  readonly #options: ImportPlanOptions
  readonly #topics = new Map<string, TopicProgress>()
  #lastTime: bigint | undefined
  #begun = false

  constructor(log: EventLogApi, options: ImportPlanOptions) {
    this.#log = log
    this.#options = options
  }

  /** The sequence that the topic must be at for the event to be appended; undefined to skip it. */
  async expectationFor(event: NewEvent, where: string): Promise<number | undefined> {
    const topic = this.#topics.get(event.topic) ?? (await this.#begin(event.topic))
    topic.seen++
    if (this.#options.resume && topic.seen <= topic.there) {
      if (topic.seen === topic.there) await this.#checkSame(event, topic.there, where)
      this.skipped++
      // What is in the log already has its place; the times behind it go on from there.
      this.#lastTime = event.time
      return undefined
    }
    await this.#checkTime(event, where)
    return this.#options.resume ? topic.seen - 1 : topic.there + topic.seen - 1
  }

  async #begin(name: string): Promise<TopicProgress> {
    const there = await this.#log.describe(name).then(
      ({ last }) => last.sequence,
      (error: unknown) => {
        if (isGoetheError(error, 'GOETHE_TOPIC_NOT_FOUND')) return 0
        throw error
      },
    )
    if (there > 0 && !this.#options.resume && !this.#options.add) {
      throw new Failure(`The topic ${name} has events already, up to #${there}`, {
        advice:
          'Pass --resume if they come from an earlier run of this import, --add if these are others',
      })
    }
    const topic = { there, seen: 0 }
    this.#topics.set(name, topic)
    return topic
  }

  /** Another input would leave out some of its events without a word. */
  async #checkSame({ topic, payload }: NewEvent, sequence: number, where: string): Promise<void> {
    const there = await this.#log.seek(topic, sequence)
    if (there === undefined || there.sequence !== sequence) return
    if (isDeepStrictEqual(Buffer.from(there.payload), Buffer.from(payload))) return
    throw new Failure(
      `${where} is not what the log has as #${sequence} of ${topic}: this is another input than ` +
        'the one whose import is to go on',
      { advice: 'Pass --add instead of --resume to append all of it behind what is there' },
    )
  }

  async #checkTime({ time }: NewEvent, where: string): Promise<void> {
    if (time === undefined || this.#options.allowLate) return
    if (!this.#begun && this.#lastTime === undefined) this.#lastTime = await this.#lastTimeOfLog()
    this.#begun = true
    if (this.#lastTime !== undefined && time < this.#lastTime) {
      throw new Failure(
        `${where} is of ${dateText(time)}, but the event before it is of ` +
          `${dateText(this.#lastTime)}, and ids only ascend`,
        {
          advice:
            'Sort the input by time and import into a new log, or pass --allow-late: then such ' +
            'events come right behind the last one',
          exitCode: exitCode.failed,
        },
      )
    }
    this.#lastTime = time
  }

  async #lastTimeOfLog(): Promise<bigint | undefined> {
    try {
      const [last] = await this.#log.read('*', { reverse: true, limit: 1 }).toArray()
      // Events of the same second follow each other by a nanosecond.
      return last === undefined ? undefined : (last.id / 1_000_000n) * 1_000_000n
    } catch (error) {
      // Who may append to a topic need not be allowed to read the whole log.
      if (isGoetheError(error, 'GOETHE_FORBIDDEN')) return undefined
      throw error
    }
  }
}

function dateText(time: bigint): string {
  return new Date(Number(time / 1_000_000n)).toISOString()
}
