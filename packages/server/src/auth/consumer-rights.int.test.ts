import { Client, Metadata, credentials, status } from '@grpc/grpc-js'
import {
  type ConsumeCommand,
  type ConsumeReport,
  create,
  eventLogMethods,
  messages,
} from '@goethe/protocol'
import { expect, test } from 'vitest'
import { Conversation } from '../../tests-support/conversation.js'
import { startTestServer } from '../../tests-support/test-server.js'
import { defaultConfig } from '../config.js'
import { methodDefinition } from '../grpc/method-definition.js'
import type { Right } from '../identity.js'
import { hashToken, newToken } from './tokens.js'

const token = newToken()
const known = (topics: string, rights: Right[]) => ({
  authTokens: [{ name: 'reader', sha256: hashToken(token), grants: [{ topics, rights }] }],
})

/** Opens an instance, or goes on with one. */
function open(client: Client, opening: { topic: string; instance?: string }) {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(eventLogMethods.consume)
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const conversation = new Conversation<ConsumeCommand, ConsumeReport>(
    client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata),
  )
  conversation.send({
    open: create(messages.ConsumeOpenSchema, { consumer: 'c', ...opening }),
    credit: 1,
    acks: [],
    nacks: [],
    extends: [],
    releases: [],
  })
  return conversation
}

test('an instance goes on only for who still has the right, and in its own topic', async () => {
  await using server = await startTestServer({ flags: known('secret', ['consume']) })
  const { log, addresses, reload } = server.server
  const client = new Client(`127.0.0.1:${addresses.grpc.port}`, credentials.createInsecure())
  try {
    const first = open(client, { topic: 'secret' })
    const { instance } = await first.next()
    reload(defaultConfig({ ...known('public', ['consume']), data: server.folder.path }))
    await log.append('secret', Buffer.from('Faust'))
    const forbidden = { code: status.PERMISSION_DENIED }
    await expect(open(client, { topic: 'secret', instance }).next()).rejects.toMatchObject(
      forbidden,
    )
    const other = await open(client, { topic: 'public', instance }).next()
    expect(other.instance).not.toBe(instance)
    first.break()
  } finally {
    client.close()
  }
})
