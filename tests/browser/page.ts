// What runs in the browser: a log in IndexedDB, with functions for the test to call.
import { EventLog } from '@goethe/core'
import { BrowserLevel } from 'browser-level'

declare global {
  var append: (texts: string[]) => Promise<{ firstSequence: number; lastSequence: number }>
  var read: () => Promise<string[]>
  var firstFollowed: (text: string) => Promise<string>
}

const log = await EventLog.open(new BrowserLevel('events'))
const encoder = new TextEncoder()

globalThis.append = async (texts) => {
  const { firstSequence, lastSequence } = await log.append(
    'orders',
    texts.map((text) => encoder.encode(text)),
  )
  return { firstSequence, lastSequence }
}

globalThis.read = async () => {
  const events = await log.read('orders').toArray()
  return events.map((event) => event.text())
}

globalThis.firstFollowed = async (text) => {
  const events = log.read('orders', { from: 'end', follow: true })[Symbol.asyncIterator]()
  const next = events.next()
  await append([text])
  const { value } = await next
  await events.return?.()
  return value.text()
}
