import { describe, expect, it } from 'vitest'
import type { Clock } from '@goethe/core'
import { MemoryDisk } from '../../tests-support/memory-disk.js'
import type { Disk } from '../journal/disk.js'
import { type CoordinatorSubject, coordinatorConformance } from './coordinator-conformance.js'
import { FileCoordinator } from './file-coordinator.js'
import { RecordFile } from './record-file.js'
import { sample } from './record-samples.js'

/** A disk whose calls wait, or fail, as long as a test says so. */
class GatedDisk implements Disk {
  readonly memory = new MemoryDisk()
  /** Awaited by each call. */
  gate: (call: keyof Disk) => Promise<void> | void = () => undefined

  async list(): Promise<string[]> {
    await this.gate('list')
    return this.memory.list()
  }

  async open(name: string, create = false): ReturnType<Disk['open']> {
    await this.gate('open')
    return this.memory.open(name, create)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.gate('rename')
    return this.memory.rename(from, to)
  }

  async remove(name: string): Promise<void> {
    await this.gate('remove')
    return this.memory.remove(name)
  }

  async syncDirectory(): Promise<void> {
    await this.gate('syncDirectory')
    return this.memory.syncDirectory()
  }
}

function tokens(): () => string {
  let count = 0
  return () => `token ${++count}`
}

function subject(): CoordinatorSubject {
  const disk = new GatedDisk()
  const file = new RecordFile({ disk, newToken: tokens() })
  let release: () => void = () => undefined
  const held = (): Promise<void> =>
    new Promise((resolve) => {
      const before = release
      release = () => {
        before()
        resolve()
      }
    })
  return {
    open: (clock?: Clock) => new FileCoordinator({ file, ...(clock && { clock }) }),
    refuse: () => {
      disk.gate = () => {
        throw new Error('EIO')
      }
    },
    freeze: () => {
      disk.gate = held
    },
    // The file has its new name, and whether that is durable is not heard.
    loseAnswers: () =>
      new Promise((arrived) => {
        disk.gate = (call) => {
          if (call !== 'syncDirectory') return undefined
          arrived()
          return held()
        }
      }),
    heal: () => {
      disk.gate = () => undefined
      release()
    },
    restart: async () => undefined,
    close: async () => {
      release()
    },
  }
}

coordinatorConformance({ name: 'on a file', start: async () => subject(), describe, it })

describe('the file of a record', () => {
  const fileOn = (disk: Disk, newToken = tokens()) => new RecordFile({ disk, newToken })

  it('survives a loss of power once a change is acknowledged', async () => {
    const disk = new MemoryDisk()
    const file = fileOn(disk)
    await file.change(undefined, sample())
    await file.change('token 1', sample({ epoch: 2 }))
    disk.crash({ int: (from) => from, chance: () => false })
    expect(await fileOn(disk).read()).toEqual({ record: sample({ epoch: 2 }), token: 'token 2' })
  })

  it('is the old one or the new one wherever power is lost', async () => {
    for (const call of ['open', 'write', 'sync', 'rename'] as const) {
      for (const kept of [0, 1, 2, 3]) {
        const disk = new MemoryDisk()
        await fileOn(disk).change(undefined, sample())
        disk.fault = (each) => {
          if (each === call) throw new Error('the power is gone')
        }
        const file = fileOn(disk, () => 'second')
        await file.change('token 1', sample({ epoch: 2 }))
        disk.fault = undefined
        disk.crash({ int: (from, to) => Math.min(to, from + kept), chance: () => true })
        const read = await fileOn(disk).read()
        expect([1, 2]).toContain(read?.record.epoch)
        expect(read?.token).toBe(read?.record.epoch === 1 ? 'token 1' : 'second')
        const again = await fileOn(disk, () => 'third').change(read?.token, sample({ epoch: 3 }))
        expect(again).toEqual({ outcome: 'changed', token: 'third' })
      }
    }
  })

  it('is not trusted any more when it is unknown what a restart would find', async () => {
    const disk = new MemoryDisk()
    const file = fileOn(disk)
    await file.change(undefined, sample())
    disk.fault = (call, name) => {
      if (call === 'sync' && name === '.') throw new Error('EIO')
    }
    expect((await file.change('token 1', sample({ epoch: 2 }))).outcome).toBe('unknown')
    disk.fault = undefined
    await expect(file.read()).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
    expect((await fileOn(disk).read())?.record.epoch).toBe(2)
  })

  it('is called damaged when it is, and is not replaced', async () => {
    const disk = new MemoryDisk()
    const file = fileOn(disk)
    await file.change(undefined, sample())
    const bytes = disk.bytes('record')
    bytes[20]! ^= 1
    await expect(file.read()).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringContaining('does not match its checksum') as string,
    })
    expect(await file.change('token 1', sample({ epoch: 2 }))).toMatchObject({ outcome: 'failed' })
  })
})

describe('a coordinator on a file', () => {
  it('asks before a record of a new epoch, and not before others', async () => {
    const asked: number[] = []
    const coordinator = new FileCoordinator({
      file: new RecordFile({ disk: new MemoryDisk(), newToken: tokens() }),
      approve: async ({ epoch }) => {
        asked.push(epoch)
        if (epoch > 1) throw new Error('no')
      },
    })
    await coordinator.change(undefined, sample())
    await coordinator.change('token 1', sample({ minInSync: 1 }))
    expect(await coordinator.change('token 2', sample({ epoch: 2 }))).toMatchObject({
      outcome: 'failed',
      cause: { message: 'no' },
    })
    expect(asked).toEqual([1, 2])
    expect((await coordinator.read())?.token).toBe('token 2')
  })
})
