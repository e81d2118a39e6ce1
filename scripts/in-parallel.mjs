import { availableParallelism } from 'node:os'

/**
 * Does `work` for each item, for as many at a time as there are cores, the first ones first.
 * Resolves with the results in the order of the items; rejects with the first error, once nothing
 * is under way any more.
 *
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @param {number} [atOnce]
 * @returns {Promise<Result[]>}
 */
export async function inParallel(items, work, atOnce = availableParallelism()) {
  /** @type {Result[]} */
  const results = []
  /** @type {unknown[]} */
  const errors = []
  // One iterator for all, so that each takes the next item when it is free.
  const waiting = items.entries()
  const workOff = async () => {
    for (const [index, item] of waiting) {
      if (errors.length > 0) return
      try {
        results[index] = await work(item)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, workOff))
  if (errors.length > 0) throw errors[0]
  return results
}
