import type { CursorDescription, CursorsOptions } from './cursor-api.js'
import { checkOptions, checkPageLimit } from './arguments.js'
import { dateOf } from './clock.js'
import { lagOf } from './cursor-progress.js'
import { decodeCursorRecord } from './cursor-record.js'
import { type KeyRange, compareBytes, within } from './keyspace.js'
import { nameBytes } from './names.js'
import type { Store } from './store.js'
import { reading } from './stored-entry.js'
import type { TopicStates } from './topic-state.js'

/** What only a log in this process lists. */
export interface OwnCursorsOptions extends CursorsOptions {
  /** Only of topics whose names start so: for servers, whose callers may not see all of them. */
  prefix?: string | undefined
}

/** Cursors in the order of their topics and consumers. */
export async function listCursors(
  store: Store,
  states: TopicStates,
  { prefix = '', ...options }: OwnCursorsOptions = {},
): Promise<CursorDescription[]> {
  const { topic, after, limit } = checkCursors(options)
  if (prefix !== '') nameBytes('topic', prefix)
  const { cursors } = store.keyspaces
  const range: KeyRange =
    topic === undefined ? cursors.rangeOf(prefix) : within(cursors.topicPrefix(topic))
  if (after !== undefined) {
    const gt = cursors.nameKey(after.topic, after.consumer)
    // Below the topic that was asked for there is nothing to leave out.
    if (compareBytes(gt, range.gte!) >= 0) {
      delete range.gte
      range.gt = gt
    }
  }
  const found: CursorDescription[] = []
  for await (const [key, value] of store.scan(range, { limit })) {
    const { topic: of, name } = cursors.names(key)
    const record = reading('cursors', key, of, () => decodeCursorRecord(value))
    found.push({
      topic: of,
      consumer: name,
      id: record.id,
      sequence: record.sequence,
      updatedAt: dateOf(record.updatedAt),
      hold: record.hold,
      acknowledgedAhead: record.acknowledged.reduce((sum, { from, to }) => sum + to - from + 1, 0),
      lag: lagOf(record, await states.load(of)),
    })
  }
  return found
}

/** Throws ArgumentError for wrong options of `cursors`. */
export function checkCursors(options: CursorsOptions): CursorsOptions & { limit: number } {
  checkOptions(options, ['topic', 'limit', 'after'])
  const { topic, after } = options
  if (topic !== undefined) nameBytes('topic', topic)
  if (after !== undefined) {
    nameBytes('topic', after.topic)
    nameBytes('consumer', after.consumer)
  }
  return { topic, after, limit: checkPageLimit(options.limit) }
}
