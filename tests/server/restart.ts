import { type ServerProcess, startServerProcess } from './server-process.js'

/** The same server once more, when it has ended: in its folder, and on its ports. */
export async function startAgain(
  { ended, data, grpc, http }: ServerProcess,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  await ended
  return startServerProcess({ data, grpcPort: grpc.port, httpPort: http.port, args })
}
