/** What every discovery must do. The suite is the same for all of them, whatever they ask. */
import assert from 'node:assert/strict'
import type { TestFunctions } from '@goethe/core/conformance'
import type { Discovery, Peer } from './discovery.js'

/** A discovery, and the world that it asks. */
export interface DiscoverySubject {
  discovery: Discovery
  /** What is found at first: some peers, in no order. */
  initial: readonly Peer[]
  /** From now on others are found; absent where nothing ever changes. */
  change?: (() => Promise<readonly Peer[]>) | undefined
  /** From now on nobody answers, until `heal`; absent where nobody is asked. */
  fail?: (() => Promise<void>) | undefined
  heal?: (() => void) | undefined
  close(): Promise<void>
}

export interface DiscoveryConformanceOptions extends TestFunctions {
  /** Names the discovery under test. */
  name: string
  start(): Promise<DiscoverySubject>
  /** False where nothing ever changes and nobody is asked. */
  isLive: boolean
}

export function discoveryConformance(options: DiscoveryConformanceOptions): void {
  const { name, start, isLive, describe, it } = options
  const test = (title: string, body: (subject: DiscoverySubject) => Promise<void>): void => {
    it(title, async () => {
      const subject = await start()
      try {
        await body(subject)
      } finally {
        await subject.discovery.close()
        await subject.close()
      }
    })
  }

  describe(name, () => {
    test('tells all peers, sorted', async ({ discovery, initial }) => {
      assert.deepEqual(await discovery.peers(), sorted(initial))
    })

    test('calls whoever watches with all peers once they are known', async (subject) => {
      const watched = new WatchedPeers(subject.discovery)
      assert.deepEqual(await watched.next(), sorted(subject.initial))
    })

    test('calls nobody who has ended the watch', async ({ discovery, initial }) => {
      const ended = new WatchedPeers(discovery)
      ended.stop()
      const watched = new WatchedPeers(discovery)
      assert.deepEqual(await watched.next(), sorted(initial))
      assert.equal(ended.lists.length, 0)
    })

    test('ends a call whose signal has fired', async ({ discovery }) => {
      await assert.rejects(discovery.peers(AbortSignal.abort()), { code: 'GOETHE_ABORTED' })
    })

    test('tells nothing once it is closed', async ({ discovery }) => {
      const watched = new WatchedPeers(discovery)
      await discovery.close()
      await assert.rejects(discovery.peers(), { code: 'GOETHE_CLOSED' })
      assert.equal(watched.lists.length, 0)
      await discovery.close()
    })

    if (!isLive) return

    test('calls with those that there are after a change', async (subject) => {
      const watched = new WatchedPeers(subject.discovery)
      await watched.next()
      const changed = await subject.change!()
      assert.deepEqual(await watched.next(), sorted(changed))
      assert.deepEqual(await subject.discovery.peers(), sorted(changed))
    })

    test('rejects while nobody answers, and a watch goes on after it', async (subject) => {
      const watched = new WatchedPeers(subject.discovery)
      await watched.next()
      await subject.fail!()
      await assert.rejects(subject.discovery.peers(), { code: 'GOETHE_UNAVAILABLE' })
      subject.heal!()
      const changed = await subject.change!()
      assert.deepEqual(await watched.next(), sorted(changed))
      assert.equal(watched.lists.length, 2)
    })
  })
}

/** In the order of the contract. */
function sorted(peers: readonly Peer[]): readonly Peer[] {
  const key = ({ member, address }: Peer): string => `${member ?? ''} ${address}`
  return [...peers].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

class WatchedPeers {
  readonly stop: () => void
  readonly lists: (readonly Peer[])[] = []
  #taken = 0
  #onList: (() => void) | undefined

  constructor(discovery: Discovery) {
    this.stop = discovery.watch((peers) => {
      this.lists.push(peers)
      this.#onList?.()
    })
  }

  /** The next list that was not taken yet. */
  async next(): Promise<readonly Peer[]> {
    while (this.lists.length === this.#taken) {
      await new Promise<void>((resolve) => {
        this.#onList = resolve
      })
    }
    return this.lists[this.#taken++]!
  }
}
