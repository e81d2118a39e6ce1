import { EventLog } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { bytes } from './bytes.mjs'

//#region
const database = new MemoryLevel()
const totals = database.sublevel('totals', { valueEncoding: 'json' })
const log = await EventLog.open(database)
await log.append('sales', [bytes({ cents: 100 }), bytes({ cents: 250 })])

// The total and the cursor are written in one atomic batch: each event counts exactly once, even if
// the process dies between any two lines.
const cursor = log.cursor('sales', 'totals')
for await (const event of cursor.read()) {
  const { cents } = /** @type {{ cents: number }} */ (event.json())
  const value = Number((await totals.get('all')) ?? 0) + cents
  await cursor.commit(event, {
    operations: [{ type: 'put', sublevel: totals, key: 'all', value }],
  })
}
console.log(await totals.get('all')) //=> 350
//#endregion
