/** The process of a gRPC server that answers nothing to nothing. Its argument is the port. */
import { emptyPath } from './empty-path'
import { grpc } from './plain-grpc'

const { Server, ServerCredentials } = grpc()
const bytes = (value: Buffer) => value
const call = {
  path: emptyPath,
  requestStream: false,
  responseStream: false,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
}
const nothing = Buffer.alloc(0)
const server = new Server()
server.addService(
  { call },
  { call: (_: unknown, answer: (error: null, response: Buffer) => void) => answer(null, nothing) },
)
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error
})
process.once('SIGTERM', () => server.tryShutdown(() => process.exit()))
