/** Counts the bytes of bodies as they come, so that all together they stay within the limit. */
import { Transform } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.js'

export function admitBodies(app: FastifyInstance, { admission }: ServerContext): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { releases } = request.call
    const declared = request.headers['content-length']
    if (declared !== undefined) {
      // Refused before anything of it is read.
      try {
        releases.push(admission.bytes(Number(declared)))
        done()
      } catch (error) {
        done(error as Error)
      }
      return
    }
    if (request.headers['transfer-encoding'] === undefined) {
      done()
      return
    }
    const counted = new Transform({
      transform(chunk: Uint8Array, _encoding, next) {
        try {
          releases.push(admission.bytes(chunk.length))
          next(null, chunk)
        } catch (error) {
          next(error as Error)
        }
      },
    })
    payload.on('error', (error) => counted.destroy(error))
    done(null, payload.pipe(counted))
  })
}
