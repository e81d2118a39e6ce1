/** Counts the bytes of bodies as they come, so that all together they stay within the limit. */
import { Transform } from 'node:stream'
import { GoetheError } from '@goethe/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ServerContext } from '../server-context.js'

export function admitBodies(app: FastifyInstance, { admission, config }: ServerContext): void {
  const { messageBytesMax } = config.limits
  app.addHook('onRequest', (request, _reply, done) => {
    done(compressionError(request))
  })
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { call } = request
    const declared = request.headers['content-length']
    if (declared !== undefined) {
      // Refused before anything of it is read.
      try {
        if (Number(declared) > messageBytesMax) throw tooLarge(messageBytesMax)
        call.hold(admission.bytes(Number(declared)))
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
    let held = 0
    let ended = false
    call.hold(() => {
      ended = true
      admission.resize(held, 0)
    })
    const counted = new Transform({
      transform(chunk: Uint8Array, _encoding, next) {
        // What still comes for a request that was answered is thrown away.
        if (ended) {
          next()
          return
        }
        try {
          admission.resize(held, held + chunk.length)
          held += chunk.length
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

/** What is stored is what was sent: nobody would unpack it again. */
function compressionError({ headers }: FastifyRequest): Error | undefined {
  const coding = headers['content-encoding']
  if (coding === undefined || coding.toLowerCase() === 'identity') return undefined
  const message = `The body is compressed (content-encoding: ${coding.slice(0, 60)}); send it as it is`
  return Object.assign(new GoetheError('GOETHE_INVALID_ARGUMENT', message), { statusCode: 415 })
}

function tooLarge(messageBytesMax: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `The body has more than ${messageBytesMax} bytes (limits.messageBytesMax)`,
  )
}
