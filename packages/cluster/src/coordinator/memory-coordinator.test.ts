import { describe, expect, it } from 'vitest'
import { type CoordinatorSubject, coordinatorConformance } from './coordinator-conformance.js'
import { CoordinatorMemory } from './memory-coordinator.js'
import { sample } from './record-samples.js'

function subject(): CoordinatorSubject {
  const memory = new CoordinatorMemory()
  return {
    open: () => memory.coordinator(),
    refuse: () => {
      memory.fault = 'outage'
    },
    freeze: () => {
      memory.fault = 'outage'
    },
    loseAnswers: async () => {
      memory.fault = 'lost-answers'
    },
    heal: () => {
      memory.fault = 'none'
    },
    restart: async () => {
      memory.fault = 'outage'
      memory.fault = 'none'
    },
    close: async () => undefined,
  }
}

coordinatorConformance({ name: 'in memory', start: async () => subject(), describe, it })

describe('a change that is held', () => {
  it('is done later if the record has not moved on', async () => {
    const memory = new CoordinatorMemory()
    const coordinator = memory.coordinator()
    memory.fault = 'held-changes'
    expect((await coordinator.change(undefined, sample())).outcome).toBe('unknown')
    expect(await coordinator.read()).toBeUndefined()
    memory.applyHeld()
    expect((await coordinator.read())?.record).toEqual(sample())
  })

  it('is never done once the record has moved on', async () => {
    const memory = new CoordinatorMemory()
    const coordinator = memory.coordinator()
    memory.fault = 'held-changes'
    await coordinator.change(undefined, sample({ epoch: 2 }))
    memory.fault = 'none'
    await coordinator.change(undefined, sample({ epoch: 3 }))
    memory.applyHeld()
    expect((await coordinator.read())?.record.epoch).toBe(3)
  })
})
