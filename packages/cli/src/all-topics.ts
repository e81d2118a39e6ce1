import type { EventLogApi } from '@goethe/core'

const pageSize = 1000
/** Descriptions asked for at a time. */
const describedTogether = 32

/** All names of topics, a page at a time. */
export async function* topicPages(log: EventLogApi, prefix?: string): AsyncGenerator<string[]> {
  let after: string | undefined
  do {
    const page = await log.topics({ prefix, after, limit: pageSize })
    if (page.length > 0) yield page
    after = page.length === pageSize ? page.at(-1) : undefined
  } while (after !== undefined)
}

/** What `work` makes of each of many, a few at a time and in their order. */
export async function mapSome<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += describedTogether) {
    results.push(...(await Promise.all(items.slice(start, start + describedTogether).map(work))))
  }
  return results
}

/** How many events a log has, for progress. */
export async function countEvents(log: EventLogApi): Promise<number> {
  let count = 0
  for await (const page of topicPages(log)) {
    for (const topic of await mapSome(page, (name) => log.describe(name))) count += topic.count
  }
  return count
}
