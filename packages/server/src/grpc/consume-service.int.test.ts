import { Client, credentials, status } from '@grpc/grpc-js'
import {
  type ConsumeCommand,
  type ConsumeReport,
  create,
  eventLogMethods,
  messages,
} from '@goethe/protocol'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { Conversation } from '../../tests-support/conversation.js'
import { type GrpcTestServer, startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import { openWay } from '../../tests-support/network-way.js'
import { methodDefinition } from './method-definition.js'

const consumeMethod = methodDefinition(eventLogMethods.consume)

/** A program that speaks the protocol by itself. */
class Program extends Conversation<ConsumeCommand, ConsumeReport> {
  constructor(client: Client) {
    const { path, requestSerialize, responseDeserialize } = consumeMethod
    super(client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize))
  }

  /** Opens an instance, or goes on with one; gives its name and what was sent along. */
  open(
    { instance = '', received = 0 }: { instance?: string; received?: number },
    credit: number,
  ): Promise<ConsumeReport> {
    const opening = { topic: 'plays', consumer: 'reader', instance, received: BigInt(received) }
    this.command({ open: create(messages.ConsumeOpenSchema, opening), credit })
    return this.next()
  }

  command(command: Partial<ConsumeCommand>): void {
    this.send({ credit: 0, acks: [], nacks: [], extends: [], releases: [], ...command })
  }
}

const numbersOf = ({ deliveries }: ConsumeReport): number[] =>
  deliveries.map(({ number }) => number)

describe('an instance of a consumer', () => {
  let clock: ManualClock
  let server: GrpcTestServer
  let client: Client

  beforeEach(async () => {
    clock = manualClock()
    server = await startGrpcTestServer({ clock })
    client = new Client(server.address, credentials.createInsecure())
    return async () => {
      client.close()
      await server[Symbol.asyncDispose]()
    }
  })

  const append = async (...texts: string[]): Promise<void> => {
    await server.log.append(
      'plays',
      texts.map((text) => Buffer.from(text)),
    )
  }

  test('gets as many deliveries as it has granted', async () => {
    await append('Faust', 'Egmont', 'Tasso')
    const program = new Program(client)
    await program.open({}, 2)
    expect(numbersOf(await program.next())).toEqual([1, 2])
    program.command({ acks: [1, 2], credit: 1 })
    // They may come in one report or in two.
    const reports: ConsumeReport[] = []
    const settlementsIn = () => reports.flatMap(({ settlements }) => settlements)
    while (settlementsIn().length === 0 || reports.flatMap(numbersOf).length === 0) {
      reports.push(await program.next())
    }
    expect(reports.flatMap(numbersOf)).toEqual([3])
    expect(settlementsIn()).toEqual([{ numbers: [1, 2], error: undefined }])
  })

  test('is sent some while it handles others, also when it has granted more', async () => {
    await append(...Array.from({ length: 1000 }, (_, index) => String(index)))
    const program = new Program(client)
    await program.open({}, 600)
    const received: number[] = []
    let settled = 0
    while (settled < 600) {
      const report = await program.next()
      const numbers = numbersOf(report)
      expect(numbers.length).toBeLessThanOrEqual(256)
      received.push(...numbers)
      for (const { numbers: ofThese } of report.settlements) settled += ofThese.length
      if (numbers.length > 0) program.command({ acks: numbers })
    }
    expect(received).toEqual(Array.from({ length: 600 }, (_, index) => index + 1))
  })

  test('shares what comes with another that waits as well', async () => {
    const programs = [new Program(client), new Program(client)]
    for (const program of programs) await program.open({}, 100)
    await append(...Array.from({ length: 100 }, (_, index) => String(index)))
    const counts = [0, 0]
    const take = async (program: Program, index: number): Promise<void> => {
      while (counts[0]! + counts[1]! < 100) counts[index]! += numbersOf(await program.next()).length
    }
    // One of the two may go on waiting when there are no more.
    await Promise.race(programs.map(take))
    expect(Math.min(...counts)).toBeGreaterThan(25)
  })

  test('goes on in another connection, with what it has not received', async () => {
    await append('Faust', 'Egmont')
    const first = new Program(client)
    const { instance } = await first.open({}, 2)
    expect(numbersOf(await first.next())).toEqual([1, 2])
    first.break()
    const second = new Program(client)
    const opened = await second.open({ instance, received: 1 }, 5)
    expect(opened.instance).toBe(instance)
    expect(numbersOf(opened)).toEqual([2])
    second.command({ acks: [1, 2] })
    expect((await second.next()).settlements).toEqual([{ numbers: [1, 2], error: undefined }])
  })

  test('goes on after its connection was cut', async () => {
    await append('Faust')
    await using way = await openWay(server.address)
    const far = new Client(way.address, credentials.createInsecure())
    const first = new Program(far)
    const { instance } = await first.open({}, 1)
    expect(numbersOf(await first.next())).toEqual([1])
    way.cut()
    await expect(first.next()).rejects.toMatchObject({ code: status.UNAVAILABLE })
    far.close()
    const second = new Program(client)
    expect(await second.open({ instance }, 0)).toMatchObject({
      instance,
      deliveries: [{ number: 1, attempt: 1 }],
    })
  })

  test('that ends its stream is over, and what it held goes to others', async () => {
    await append('Faust')
    const first = new Program(client)
    const { instance } = await first.open({}, 1)
    expect(numbersOf(await first.next())).toEqual([1])
    await first.end()
    const second = new Program(client)
    const opened = await second.open({ instance }, 1)
    expect(opened.instance).not.toBe(instance)
    expect((await second.next()).deliveries).toMatchObject([{ number: 1, attempt: 2 }])
  })

  test('is not cut off when the connection before ends after it went on', async () => {
    const first = new Program(client)
    const { instance } = await first.open({}, 1)
    const second = new Program(client)
    await second.open({ instance }, 5)
    await expect(first.next()).rejects.toMatchObject({ code: status.UNAVAILABLE })
    await append('Faust')
    expect(numbersOf(await second.next())).toEqual([1])
  })

  test('that comes back without granting anything does not keep the server busy', async () => {
    const first = new Program(client)
    const { instance } = await first.open({}, 1)
    first.break()
    const second = new Program(client)
    await second.open({ instance }, 0)
    // The delivery that was granted before is on its way already.
    await append('Faust', 'Egmont')
    expect(numbersOf(await second.next())).toEqual([1])
    second.command({ credit: 2 })
    expect(numbersOf(await second.next())).toEqual([2])
  })
})
