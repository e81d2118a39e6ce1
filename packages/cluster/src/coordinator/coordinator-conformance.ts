/** What every coordinator must do. The suite is the same for all of them, whatever they stand on. */
import assert from 'node:assert/strict'
import type { Clock } from '@goethe/core'
import type { TestFunctions } from '@goethe/core/conformance'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import type { ClusterRecord } from '../record.js'
import { changed, retried, untilRead, Watched } from './conformance-support.js'
import type { ChangeOutcome, Coordinator } from './coordinator.js'
import { extremes, outOfBounds, sample } from './record-samples.js'

/** One record that does not exist yet, and what happens between it and those who use it. */
export interface CoordinatorSubject {
  /** A coordinator of its own on the record, whose timers are of this clock. Closed with `close`. */
  open(clock?: Clock): Coordinator
  /** From now on no connection comes about, and those that there are break. */
  refuse(): Promise<void> | void
  /** From now on nothing passes; connections stay. */
  freeze(): Promise<void> | void
  /**
   * From now on requests arrive, and answers do not. Resolves when the next request has arrived, or
   * enough of it that it will.
   */
  loseAnswers(): Promise<void>
  /** All is well again. */
  heal(): Promise<void> | void
  /** Stops what keeps the record, and starts it again with all that it kept. */
  restart(): Promise<void>
  close(): Promise<void>
}

export interface CoordinatorConformanceOptions extends TestFunctions {
  /** Names the coordinator under test. */
  name: string
  start(): Promise<CoordinatorSubject>
}

/** Longer than any time limit within a coordinator. */
const longMs = 600_000

export function coordinatorConformance({
  name,
  start,
  describe,
  it,
}: CoordinatorConformanceOptions): void {
  const test = (title: string, body: (subject: CoordinatorSubject) => Promise<void>): void => {
    it(title, async () => {
      const subject = await start()
      try {
        await body(subject)
      } finally {
        await subject.close()
      }
    })
  }

  describe(`${name}: reading and changing`, () => {
    test('there is no record before one is created', async (subject) => {
      assert.equal(await subject.open().read(), undefined)
    })

    test('what was created is read back with the token that the creator got', async (subject) => {
      const token = await changed(subject.open().change(undefined, sample()))
      assert.deepEqual(await subject.open().read(), { record: sample(), token })
    })

    test('of many that create at once exactly one does, and its record is there', async (subject) => {
      const creators = Array.from({ length: 8 }, (_, index) => ({
        coordinator: subject.open(),
        record: sample({ clusterId: `cluster-${index}` }),
      }))
      await assertOneWins(subject, undefined, creators)
    })

    test('of many that change at once exactly one does, round after round', async (subject) => {
      const changers = Array.from({ length: 4 }, () => subject.open())
      let token = await changed(changers[0]!.change(undefined, sample()))
      for (let epoch = 2; epoch < 12; epoch++) {
        const contenders = changers.map((coordinator, index) => ({
          coordinator,
          record: sample({ epoch, clusterId: `cluster-${index}` }),
        }))
        token = await assertOneWins(subject, token, contenders)
      }
    })

    test('a token that is stale is refused, and changes nothing', async (subject) => {
      const coordinator = subject.open()
      const first = await changed(coordinator.change(undefined, sample()))
      const second = await changed(coordinator.change(first, sample({ epoch: 2 })))
      assert.notEqual(second, first)
      const third = await subject.open().change(first, sample({ epoch: 3 }))
      assert.equal(third.outcome, 'refused')
      assert.deepEqual(await coordinator.read(), { record: sample({ epoch: 2 }), token: second })
    })

    test('nothing is created where a record is', async (subject) => {
      const token = await changed(subject.open().change(undefined, sample()))
      assert.equal(
        (await subject.open().change(undefined, sample({ epoch: 2 }))).outcome,
        'refused',
      )
      assert.deepEqual(await subject.open().read(), { record: sample(), token })
    })

    test('nothing is changed where none is', async (subject) => {
      const coordinator = subject.open()
      assert.equal((await coordinator.change('1', sample())).outcome, 'refused')
      assert.equal(await coordinator.read(), undefined)
    })

    test('every field comes back as it was, at the ends of its bounds too', async (subject) => {
      const coordinator = subject.open()
      let token: string | undefined
      for (const record of extremes()) {
        token = await changed(coordinator.change(token, record))
        const read = await coordinator.read()
        assert.deepEqual(read, { record, token })
      }
    })

    test('a record out of bounds is refused as a wrong argument', async (subject) => {
      const coordinator = subject.open()
      for (const record of outOfBounds()) {
        assert.throws(() => void coordinator.change(undefined, record), { name: 'ArgumentError' })
      }
      assert.equal(await coordinator.read(), undefined)
    })
  })

  describe(`${name}: watching`, () => {
    test('calls as soon as it watches, and after each change by anyone', async (subject) => {
      const watched = new Watched(subject.open())
      await watched.called()
      const writer = subject.open()
      const first = await changed(writer.change(undefined, sample()))
      await watched.until(first)
      await watched.until(await changed(writer.change(first, sample({ epoch: 2 }))))
    })

    test('calls nobody who has ended it', async (subject) => {
      const coordinator = subject.open()
      const [ended, going] = [new Watched(coordinator), new Watched(coordinator)]
      await Promise.all([ended.called(), going.called()])
      ended.stop()
      const before = ended.calls
      await going.until(await changed(subject.open().change(undefined, sample())))
      assert.equal(ended.calls, before)
    })

    test('goes on after the coordinator has restarted', async (subject) => {
      const watched = new Watched(subject.open())
      await watched.called()
      await subject.restart()
      const writer = subject.open()
      const token = await retried(() => writer.change(undefined, sample()))
      await watched.until(token)
    })

    test('goes on after an outage, with what happened meanwhile', async (subject) => {
      const watched = new Watched(subject.open())
      await watched.called()
      await subject.refuse()
      await subject.heal()
      const writer = subject.open()
      await watched.until(await retried(() => writer.change(undefined, sample())))
    })
  })

  describe(`${name}: faults`, () => {
    test('nothing can be read where no connection comes about', async (subject) => {
      await subject.refuse()
      await assertCode('GOETHE_UNAVAILABLE', subject.open().read())
    })

    test('a change that no connection carried has failed, and is not done', async (subject) => {
      await subject.refuse()
      assert.equal((await subject.open().change(undefined, sample())).outcome, 'failed')
      await subject.heal()
      assert.equal(await readAgain(subject), undefined)
    })

    test('a read without an answer ends in its time', async (subject) => {
      const clock = manualClock()
      const coordinator = subject.open(clock)
      await coordinator.read()
      await subject.freeze()
      const reading = coordinator.read()
      clock.advance(longMs)
      await assertCode('GOETHE_UNAVAILABLE', reading)
    })

    test('a change without an answer is unknown, and reading again tells', async (subject) => {
      const clock = manualClock()
      const coordinator = subject.open(clock)
      const token = await changed(coordinator.change(undefined, sample()))
      const outcome = await withoutAnswer(subject, clock, () =>
        coordinator.change(token, sample({ epoch: 2 })),
      )
      assert.equal(outcome.outcome, 'unknown')
      await subject.heal()
      await assertSettles(subject, token)
    })

    test('a creation without an answer is unknown, and reading again tells', async (subject) => {
      const clock = manualClock()
      const coordinator = subject.open(clock)
      await coordinator.read()
      const outcome = await withoutAnswer(subject, clock, () =>
        coordinator.change(undefined, sample({ epoch: 2 })),
      )
      assert.equal(outcome.outcome, 'unknown')
      await subject.heal()
      await assertSettles(subject, undefined)
    })

    test('the same coordinator is of use again after an outage', async (subject) => {
      const coordinator = subject.open()
      const token = await changed(coordinator.change(undefined, sample()))
      await subject.refuse()
      await assertCode('GOETHE_UNAVAILABLE', coordinator.read())
      await subject.heal()
      assert.equal((await untilRead(coordinator))?.token, token)
    })
  })

  describe(`${name}: ending`, () => {
    test('a signal that fired ends a read', async (subject) => {
      const reason = new Error('enough')
      const reading = subject.open().read(AbortSignal.abort(reason))
      await assert.rejects(reading, { code: 'GOETHE_ABORTED', cause: reason })
    })

    test('after close() nothing is read and nothing is changed', async (subject) => {
      const coordinator = subject.open()
      await coordinator.close()
      await assertCode('GOETHE_CLOSED', coordinator.read())
      assert.equal((await coordinator.change(undefined, sample())).outcome, 'failed')
      await coordinator.close()
      assert.equal(await subject.open().read(), undefined)
    })
  })
}

interface Contender {
  coordinator: Coordinator
  record: ClusterRecord
}

async function assertOneWins(
  subject: CoordinatorSubject,
  token: string | undefined,
  contenders: readonly Contender[],
): Promise<string> {
  const outcomes = await Promise.all(
    contenders.map(({ coordinator, record }) => coordinator.change(token, record)),
  )
  const names = outcomes.map(({ outcome }) => outcome).sort()
  assert.deepEqual(names, ['changed', ...contenders.slice(1).map(() => 'refused')])
  const winner = outcomes.findIndex(({ outcome }) => outcome === 'changed')
  const won = await changed(outcomes[winner]!)
  const read = await subject.open().read()
  assert.deepEqual(read, { record: contenders[winner]!.record, token: won })
  return won
}

async function assertCode(code: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, { name: 'GoetheError', code })
}

/** A change whose request arrives, and whose answer does not in the time that it has. */
async function withoutAnswer(
  subject: CoordinatorSubject,
  clock: ManualClock,
  change: () => Promise<ChangeOutcome>,
): Promise<ChangeOutcome> {
  // A turn after the last answer its connection is free: another one would not get through a
  // handshake, so that nothing would be sent.
  await new Promise<void>((resolve) => void setImmediate(resolve))
  const arrived = subject.loseAnswers()
  const changing = change()
  await arrived
  clock.advance(longMs)
  return changing
}

/**
 * A change to epoch 2 has an unknown outcome: the record is the old one or the new one, and in the
 * end exactly one of that change and another with the same token was done.
 */
async function assertSettles(
  subject: CoordinatorSubject,
  token: string | undefined,
): Promise<void> {
  const coordinator = subject.open()
  const read = await untilRead(coordinator)
  if (read !== undefined && read.token !== token) {
    assert.equal(read.record.epoch, 2)
    return
  }
  const { outcome } = await coordinator.change(token, sample({ epoch: 3 }))
  const after = await coordinator.read()
  assert.equal(after?.record.epoch, outcome === 'changed' ? 3 : 2)
}

async function readAgain(subject: CoordinatorSubject): Promise<unknown> {
  return untilRead(subject.open())
}
