import { Command, InvalidArgumentError } from 'commander'
import { type FormatOptions, formatOptions, isJson } from '../log-command.js'
import { withManual } from '../manual.js'
import type { Shell } from '../shell.js'

interface Options extends FormatOptions {
  name: string
  grant?: Grant[]
}

interface Grant {
  topics: string
  rights: string[]
}

const rights = ['read', 'append', 'consume', 'admin']

export function tokenCommand(shell: Shell): Command {
  const command = new Command('token')
    .description('Make a token, and what the configuration of a server needs to know of it.')
    .option(
      '--name <name>',
      'whose it is, for the log of the server and its limits',
      parseName,
      'me',
    )
    .option(
      '-g, --grant <grant>',
      "rights in topics, such as read,append:orders or read:'sensor-*'; may be repeated",
      collectGrant,
    )
    .action(async ({ name, grant, ...format }: Options) => {
      const { output, notes } = shell
      // Loaded only now: other commands do not need a server.
      const { hashToken, newToken } = await import('@goethe/server')
      const token = newToken()
      const sha256 = hashToken(token)
      const grants = grant ?? [{ topics: '*', rights }]
      if (isJson(format, output)) return output.json({ token, name, sha256, grants })
      await output.line(token)
      await notes.lines([
        '',
        'This is shown once. A client presents it as GOETHE_TOKEN or with --token. The server knows',
        'only its hash; put this into the file that you start it with (goethe serve --config FILE):',
        '',
        ...snippet(name, sha256, grants),
        '',
        'A token is only safe on an encrypted connection: see tls.cert and tls.key.',
      ])
    })
  for (const option of formatOptions()) command.addOption(option)
  return withManual(command, {
    details: [
      `Rights: ${rights.join(', ')}; topics: a name, 'prefix*' or '*'. Without --grant, all of them.
Admin is the right to trim, delete and set retention, and for '*' to back up, restore and verify,
and to change a cluster.`,
    ],
    examples: [
      ['goethe token --name billing --grant read,consume:orders', 'for somebody who only reads'],
      ['goethe token --json > token.json', 'for a script: the token, and what the server needs'],
    ],
  })
}

function parseName(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It should have at least one character.')
}

function collectGrant(text: string, before: Grant[] | undefined): Grant[] {
  const [, list = '', topics = ''] = /^([^:]+):(.+)$/s.exec(text) ?? []
  const named = list.split(',')
  if (topics !== '' && named.every((right) => rights.includes(right))) {
    return [...(before ?? []), { topics, rights: named }]
  }
  throw new InvalidArgumentError(
    `It should be rights, a colon and topics: read,append:orders. Rights are ${rights.join(', ')}.`,
  )
}

/** YAML; JSON texts are valid in it, whatever a name holds. */
function snippet(name: string, sha256: string, grants: readonly Grant[]): string[] {
  return [
    'auth:',
    '  tokens:',
    `    - name: ${JSON.stringify(name)}`,
    `      sha256: ${sha256}`,
    '      grants:',
    ...grants.map(
      ({ topics, rights: granted }) =>
        `        - { topics: ${JSON.stringify(topics)}, rights: [${granted.join(', ')}] }`,
    ),
  ]
}
