import { assertEqual, assertRejects } from './assert.js'
import { appendPlaces, placesOf } from './places.js'
import type { Suite } from './suite.js'
import {
  appendTexts,
  ids,
  iterate,
  nextOf,
  numbered,
  payload,
  range,
  takeFrom,
  texts,
} from './support.js'

export function severalTopicsTests({ group, test }: Suite): void {
  group('read: several topics', () => {
    test("'*' is the whole log in the order of its ids", async ({ log }) => {
      await appendTexts(log, 'b', '1')
      await appendTexts(log, 'a', '2', '3')
      await appendTexts(log, 'b', '4')
      await appendTexts(log, 'c', '5')
      assertEqual(texts(await log.read('*').toArray()), ['1', '2', '3', '4', '5'])
      const reverse = await log.read('*', { reverse: true }).toArray()
      assertEqual(texts(reverse), ['5', '4', '3', '2', '1'])
    })

    test('{ prefix } is the topics whose names begin with it', async ({ log }) => {
      for (const topic of ['eu/de', 'eu/fr', 'eu', 'e', 'us/eu/', 'EU/de', 'eu:'.slice(0, 2)]) {
        await appendTexts(log, topic, topic)
      }
      const read = (prefix: string): Promise<string[]> => {
        return log.read({ prefix }).toArray().then(texts)
      }
      assertEqual(await read('eu/'), ['eu/de', 'eu/fr'])
      assertEqual(await read('eu'), ['eu/de', 'eu/fr', 'eu', 'eu'])
      assertEqual(await read('none'), [])
      assertEqual((await read('')).length, 7)
    })

    test('every position begins where it does in one topic', async ({ log }) => {
      await appendPlaces(log)
      const all = await log.read('*').toArray()
      for (const { position, name, id } of placesOf(all)) {
        if (typeof position === 'number') continue
        const forward = await log.read('*', { from: position }).toArray()
        assertEqual(ids(forward), ids(all.filter((event) => event.id >= id)), name)
        const reverse = await log.read('*', { from: position, reverse: true }).toArray()
        const expected = all.filter((event) => event.id <= id).reverse()
        assertEqual(ids(reverse), ids(expected), `${name}, in reverse`)
      }
    })

    test('limit, to and { after } bound it', async ({ log }) => {
      const all = [...(await appendPlaces(log)), ...(await log.read('other').toArray())]
      all.sort((a, b) => Number(a.id - b.id))
      const [third, seventh] = [all[2]!, all[6]!]
      const options = { from: { after: third.id }, to: seventh.id }
      assertEqual(ids(await log.read('*', options).toArray()), ids(all.slice(3, 6)))
      const limited = await log.read('*', { ...options, limit: 2 }).toArray()
      assertEqual(ids(limited), ids(all.slice(3, 5)))
      const reverse = { from: seventh.id, to: third.id, reverse: true }
      assertEqual(ids(await log.read('*', reverse).toArray()), ids(all.slice(3, 7).reverse()))
    })

    test('a topic born later is followed', async ({ log }) => {
      await appendTexts(log, 'eu/de', '1')
      const iterator = iterate(log.read({ prefix: 'eu/' }, { follow: true }))
      assertEqual((await nextOf(iterator)).text(), '1')
      const next = nextOf(iterator)
      await appendTexts(log, 'us', 'not this')
      await appendTexts(log, 'eu/fr', '2')
      await appendTexts(log, 'eu/de', '3')
      assertEqual((await next).topic, 'eu/fr')
      assertEqual((await nextOf(iterator)).text(), '3')
      await iterator.return?.()
    })

    test('a follower of an empty log sees its first event', async ({ log }) => {
      const iterator = iterate(log.read('*', { follow: true }))
      const next = nextOf(iterator)
      await appendTexts(log, 'a', '1')
      assertEqual((await next).text(), '1')
      await iterator.return?.()
    })

    test('what was trimmed or deleted is not read', async ({ log }) => {
      await Promise.all([
        log.append('a', numbered('a', 4)),
        log.append('b', numbered('b', 4)),
        log.append('c', numbered('c', 4)),
      ])
      await log.trim('a', { before: 3 })
      await log.deleteTopic('b')
      assertEqual(texts(await log.read('*').toArray()), ['a3', 'a4', 'c1', 'c2', 'c3', 'c4'])
      const reverse = await log.read('*', { reverse: true }).toArray()
      assertEqual(texts(reverse), ['c4', 'c3', 'c2', 'c1', 'a4', 'a3'])
    })

    test('a topic that was deleted and born again is read from its new start', async ({ log }) => {
      await log.append('a', numbered('old', 3))
      await log.deleteTopic('a')
      await log.append('a', numbered('new', 2))
      const all = await log.read('*').toArray()
      assertEqual(
        all.map((event) => [event.sequence, event.text()]),
        [
          [1, 'new1'],
          [2, 'new2'],
        ],
      )
    })

    test('a follower of all goes on when a topic is deleted and born again', async ({ log }) => {
      const iterator = iterate(log.read('*', { follow: true }))
      await log.append('a', numbered('old', 3))
      assertEqual(texts(await takeFrom(iterator, 3)), ['old1', 'old2', 'old3'])
      await log.deleteTopic('a')
      const next = nextOf(iterator)
      await log.append('a', payload('new'))
      assertEqual((await next).text(), 'new')
      await iterator.return?.()
    })

    test('1,500 topics are read in the order of their events', async ({ log }) => {
      const topics = range(1, 1500).map((number) => `t/${(number * 7919) % 1511}`)
      await Promise.all(topics.map((topic) => log.append(topic, payload(topic))))
      const read = await log.read({ prefix: 't/' }).toArray()
      assertEqual(texts(read), topics)
    })

    test('a follower of several topics ends with GOETHE_CLOSED', async ({ log }) => {
      const iterator = iterate(log.read('*', { follow: true }))
      await appendTexts(log, 'a', '1')
      await nextOf(iterator)
      const next = assertRejects('GOETHE_CLOSED', iterator.next())
      await log.close()
      await next
    })
  })
}
