import { mustEqual } from '../../src/measure'
import { payloadBatches } from '../../src/payloads'
import type { Run, Sample, Scenario } from '../../src/scenario'
import { contestant, nameOf } from '../contestant'
import { emptyCall } from '../contestants/empty-call'
import { goethe } from '../contestants/goethe'
import type { EventServer } from '../event-server'
import { PlainClient } from '../plain-grpc'
import { inFlight, measureCalls } from '../unary-calls'

/** Clients made from the proto file, as other languages have them, send each append by itself. */
export const unaryScenario: Scenario = {
  name: 'unary',
  title: `unary Append by a plain grpc-js client, ${inFlight} in flight, 100-byte events`,
  unit: 'calls/s',
  contestants: [contestant(goethe, 'fsync', measure), contestant(goethe, 'os', measure), emptyCall],
  goals: [{ ours: nameOf(goethe, 'fsync'), theirs: emptyCall.name, atLeast: 0.9 }],
}

const unconditional = { topic: 'orders', expect: undefined, producer: undefined, time: undefined }

async function measure(server: EventServer, run: Run): Promise<Sample> {
  const { eventLogMethods } = await import('@goethe/protocol')
  const { path, request, response } = eventLogMethods.append
  const serialize = (value: Parameters<typeof request.encode>[0]) => {
    const { buffer, byteOffset, byteLength } = request.encode(value)
    return Buffer.from(buffer, byteOffset, byteLength)
  }
  const payloads = payloadBatches(100).flat()
  const client = new PlainClient(server.port)
  const { perSecond, total } = await measureCalls(run, (index) => {
    const payload = payloads[index % payloads.length]!
    return client.call(path, serialize, response.decode, { ...unconditional, payloads: [payload] })
  })
  client.close()
  const checker = await server.connect()
  mustEqual('Events on the server', await checker.count(), total)
  await checker.close()
  return { rate: perSecond }
}
