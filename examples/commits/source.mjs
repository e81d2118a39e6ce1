// The events that the demo loads: the file that comes with it, or one of your own.
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { decode } from '../data/columns.mjs'

/**
 * What the demo needs of a line: where it goes, when it happened, and its bytes.
 *
 * @typedef {{ topic: string, time: Date, payload: Buffer }} SourceEvent
 */

/** The file in the repository. */
export const ownFile = new URL('../data/commits.columns.br', import.meta.url)

/**
 * The events of an `.ndjson` or `.ndjson.gz` file of CloudEvents; without a path, those of the file
 * in the repository.
 *
 * @param {string} [path]
 * @returns {AsyncGenerator<SourceEvent>}
 */
export async function* sourceEvents(path) {
  let number = 0
  for await (const line of path === undefined ? decode(readFileSync(ownFile)) : linesOf(path)) {
    number++
    if (line.trim() !== '') yield parse(line, number)
  }
}

/** @param {string} path */
function linesOf(path) {
  if (!existsSync(path)) throw new Error(`There is no file ${path}`)
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  return createInterface({ input, crlfDelay: Infinity })
}

/**
 * @param {string} line
 * @param {number} number
 * @returns {SourceEvent}
 */
function parse(line, number) {
  const { source, time } = parseJson(line, number)
  const date = new Date(time)
  if (typeof source !== 'string' || Number.isNaN(date.getTime())) {
    throw new Error(`Line ${number} is no CloudEvent: it needs a source and a time`)
  }
  return { topic: source, time: date, payload: Buffer.from(line) }
}

/**
 * @param {string} line
 * @param {number} number
 */
function parseJson(line, number) {
  try {
    return JSON.parse(line) ?? {}
  } catch (cause) {
    throw new Error(`Line ${number} is not JSON`, { cause })
  }
}
