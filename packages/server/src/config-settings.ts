/** The one table of settings, of which flags, variables, --print-config and documentation are made. */
import { z } from 'zod'
import { certificatesSchema, jwtSchema, tokensSchema } from './config-auth.js'
import type { Kind } from './config-value.js'

/** One setting: where it stands in the file, and by which names else it is known. */
export interface Setting {
  /** Its place in the file, such as `grpc.port`. */
  readonly key: string
  readonly kind: Kind
  readonly default: unknown
  /** What it does, as a sentence. */
  readonly description: string
  /** Parts of its value that are not shown: names of keys below it. */
  readonly secret?: readonly string[]
  /** The flag, such as `--grpc-port`. */
  readonly flag: string
  /** The variable, such as `GOETHE_GRPC_PORT`. */
  readonly env: string
}

const kibibyte = 1024
const mebibyte = 1024 * kibibyte
const gibibyte = 1024 * mebibyte
const second = 1000
const minute = 60 * second
const hour = 60 * minute

const host: Kind = {
  type: 'text',
  expected: "a host name or an address to listen on, such as 127.0.0.1 or '::'",
  placeholder: 'host',
}
const port: Kind = {
  type: 'count',
  min: 0,
  max: 65_535,
  expected: 'a port from 1 to 65535, or 0 for any free one',
}
const file = (what: string): Kind => ({
  type: 'text',
  expected: `the path of ${what}`,
  placeholder: 'path',
})
const text = (expected: string): Kind => ({ type: 'text', expected })
const address = (expected: string): Kind => ({
  type: 'text',
  expected,
  placeholder: 'host:port',
  schema: z.string().regex(/^\S+:\d{1,5}$/),
})
const bytes = (min: number, max: number): Kind => ({ type: 'bytes', min, max })
const duration = (min: number, max: number): Kind => ({ type: 'duration', min, max })
const count = (min: number, max: number): Kind => ({ type: 'count', min, max })

const interval: Kind = {
  type: 'text',
  expected: "a whole number with m, h, d or w, such as '15m', '1h' or '1d'",
  placeholder: 'width',
  schema: z.string().regex(/^[1-9]\d{0,5}[mhdw]$/),
}

const origins: Kind = {
  type: 'list',
  item: z.string().refine((text) => {
    return text === '*' || (URL.canParse(text) && new URL(text).origin === text)
  }),
  expected: "a list of origins such as 'https://app.example.com', or '*' for all",
}

const rows: readonly (readonly [string, Kind, unknown, string, (readonly string[])?])[] = [
  ['data', file('a directory'), './goethe-data', 'The directory of the log.'],
  [
    'durability',
    { type: 'choice', of: ['fsync', 'os'] },
    'fsync',
    'When an append is acknowledged: once it is on the disk (fsync), or once the operating system has it (os), which a power cut may undo.',
  ],
  [
    'index.interval',
    interval,
    undefined,
    'Width of the time-based index; another one than the log has rebuilds it at the start. Default: what the log has, 1h for a new one.',
  ],
  ['eventBytesMax', bytes(1, gibibyte), 16 * mebibyte, 'Largest event.'],
  [
    'queueBytesMax',
    bytes(0, 16 * gibibyte),
    64 * mebibyte,
    'Bytes of appends that may be queued for the disk; beyond that they wait.',
  ],
  ['grpc.host', host, '127.0.0.1', 'Where gRPC listens.'],
  ['grpc.port', port, 1337, 'The port of gRPC.'],
  ['http.host', host, '127.0.0.1', 'Where HTTP listens.'],
  ['http.port', port, 1338, 'The port of HTTP: JSON, metrics, health.'],
  [
    'http.allowedOrigins',
    origins,
    [],
    'Web pages of these origins may use the HTTP API (CORS). Default: none.',
  ],
  [
    'http.publicMetrics',
    { type: 'switch' },
    false,
    'Answers /metrics to everybody, also where callers have to say who they are.',
  ],
  [
    'insecure',
    { type: 'switch' },
    false,
    'Listens beyond this machine even without TLS or without authentication, as behind a proxy that does both.',
  ],
  ['tls.cert', file('a PEM file'), undefined, 'The certificate of the server, with its chain.'],
  ['tls.key', file('a PEM file'), undefined, 'The private key of that certificate.'],
  [
    'tls.clientCa',
    file('a PEM file'),
    undefined,
    'Who signs the certificates of clients; with it clients may present one.',
  ],
  [
    'tls.requireClientCert',
    { type: 'switch' },
    false,
    'Refuses connections without a certificate that tls.clientCa has signed.',
  ],
  [
    'auth.tokens',
    {
      type: 'structure',
      schema: tokensSchema,
      expected: 'a list of { name, sha256, grants: [{ topics, rights }] }',
    },
    [],
    'Bearer tokens, each by its SHA-256, and what their holders may do.',
    ['sha256'],
  ],
  [
    'auth.jwt',
    {
      type: 'structure',
      schema: jwtSchema,
      expected:
        '{ issuer, audience, jwksUrl, nameClaim, grantsClaim, grants, algorithms, clockToleranceMs }',
    },
    undefined,
    'Takes JSON Web Tokens of an issuer, checked by its public keys.',
  ],
  [
    'auth.certificates',
    {
      type: 'structure',
      schema: certificatesSchema,
      expected: 'a list of { subject, name, grants: [{ topics, rights }] }',
    },
    [],
    'What clients may do that present a certificate of this subject.',
  ],
  [
    'limits.messageBytesMax',
    bytes(kibibyte, 2 * gibibyte - 1),
    64 * mebibyte,
    'Largest message of gRPC and largest body of an HTTP request.',
  ],
  [
    'limits.streamsPerConnection',
    count(1, 1_000_000),
    1000,
    'Calls under way at a time on one connection of gRPC.',
  ],
  ['limits.connectionsMax', count(1, 1_000_000), 20_000, 'Connections at a time to each port.'],
  [
    'limits.inFlightBytesPerConnection',
    bytes(kibibyte, 64 * gibibyte),
    64 * mebibyte,
    'Bytes of appends that one connection may have under way.',
  ],
  [
    'limits.inFlightBytes',
    bytes(kibibyte, 64 * gibibyte),
    256 * mebibyte,
    'Bytes of appends that may be under way in all.',
  ],
  [
    'limits.tailsPerTopic',
    count(1, 10_000_000),
    10_000,
    'Readers at a time that wait for new events of one topic or prefix.',
  ],
  [
    'limits.requestsPerSecond',
    count(0, 10_000_000),
    0,
    'Requests a second of one identity; 0 for no limit.',
  ],
  [
    'limits.failedAttemptsPerMinute',
    count(0, 10_000_000),
    60,
    'Callers a minute from one address that are not known; more are told to come later, 0 for no limit.',
  ],
  [
    'keepalive.timeMs',
    duration(second, 2 * hour),
    30 * second,
    'How often a quiet connection is asked whether it is still there, and a quiet event stream gets a heartbeat.',
  ],
  [
    'keepalive.timeoutMs',
    duration(100, hour),
    10 * second,
    'After so long without an answer to that, a connection is dead.',
  ],
  [
    'keepalive.idleMs',
    duration(second, 24 * hour),
    5 * minute,
    'Connections on which nothing happens for so long are closed.',
  ],
  [
    'keepalive.handshakeTimeoutMs',
    duration(100, hour),
    10 * second,
    'Time for a new connection to set up TLS and send the head of its request.',
  ],
  [
    'disk.reserveBytes',
    bytes(0, 1024 * gibibyte),
    512 * mebibyte,
    'Below so much free space the log takes no appends; 0 for no reserve.',
  ],
  ['disk.checkIntervalMs', duration(10, hour), 5 * second, 'How often free space is looked at.'],
  [
    'shutdown.deadlineMs',
    duration(0, hour),
    10 * second,
    'How long a server that stops waits for what is under way.',
  ],
  [
    'log.level',
    { type: 'choice', of: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] },
    'info',
    'What the server writes into its log: this and what is more serious.',
  ],
  [
    'log.format',
    { type: 'choice', of: ['json', 'text'] },
    'json',
    'A line of the log is a JSON object, or a text for people.',
  ],
  ['legacy', { type: 'switch' }, true, 'Serves the original gRPC API beside the present one.'],
  [
    'cluster.mode',
    { type: 'choice', of: ['none', 'kubernetes', 'etcd', 'static'] },
    'none',
    'Makes this server a member of a cluster, and says where the members agree on who leads. With static that is said by cluster.leader, and nobody takes over by itself.',
  ],
  [
    'cluster.leader',
    text('the name of a member, the same on all of them, such as goethe-0'),
    undefined,
    'With cluster.mode static: the member that leads. It keeps the record of the cluster.',
  ],
  [
    'cluster.member',
    text('a name, the same after each start'),
    undefined,
    "The name of this member. Default: the name of its host, which in Kubernetes is the pod's.",
  ],
  [
    'cluster.address',
    address('where clients reach this member, such as goethe-0.goethe:1337'),
    undefined,
    'Where clients are sent that ask another member to write. Default: the name and grpc.port.',
  ],
  [
    'cluster.url',
    {
      type: 'text',
      expected: 'where HTTP clients reach this member, such as https://goethe-0.goethe:1338',
      placeholder: 'url',
      schema: z.string().regex(/^https?:\/\/[^/\s]+$/),
    },
    undefined,
    'What HTTP clients are told that ask another member to write. Default: the host of cluster.address, and http.port.',
  ],
  [
    'cluster.forward',
    { type: 'switch' },
    true,
    'Has the leader do what is written to this member while another one leads, and asks it for linearizable reads; otherwise both are refused, and the leader named.',
  ],
  ['cluster.peerHost', host, '127.0.0.1', 'Where other members are listened to.'],
  ['cluster.peerPort', port, 1339, 'The port for other members.'],
  [
    'cluster.minInSync',
    count(1, 99),
    2,
    'Fewest members that must have a write on their disks before it is acknowledged: the majority of the members. It counts for a new cluster; goethe cluster min-in-sync changes it later.',
  ],
  [
    'cluster.peers',
    {
      type: 'list',
      item: z.string().regex(/^[^=\s]+=\S+:\d+$/),
      expected: "a list of all members, each as 'goethe-0=host:1339'",
    },
    [],
    'The members and where they are, outside of Kubernetes. Who is added later makes itself known, but with cluster.mode static all have to be named.',
  ],
  [
    'cluster.dns',
    text("a name with SRV records, such as '_peer._tcp.goethe.example.org'"),
    undefined,
    'Finds the members by their SRV records instead.',
  ],
  [
    'cluster.secretFile',
    file('a file with 16 bytes or more'),
    undefined,
    'A secret that all members share, by which they know each other.',
  ],
  [
    'cluster.tlsCa',
    file('a PEM file'),
    undefined,
    'Who signs the certificates of members; with it they speak TLS to each other.',
  ],
  ['cluster.tlsCert', file('a PEM file'), undefined, "This member's certificate, which names it."],
  ['cluster.tlsKey', file('a PEM file'), undefined, 'The private key of that certificate.'],
  [
    'cluster.electionTimeoutMs',
    duration(100, hour),
    2 * second,
    'After so long without a word of the leader others try to take over.',
  ],
  [
    'cluster.replicaTimeoutMs',
    duration(100, hour),
    2 * second,
    'After so long without an acknowledgement a member is waited for no longer.',
  ],
  [
    'cluster.journalEntries',
    count(0, 2_000_000),
    100_000,
    'Writes that a member keeps for others that were away; who has missed more is sent the whole log.',
  ],
  [
    'cluster.journalBytes',
    bytes(0, 1024 * gibibyte),
    gibibyte,
    'Bytes of the writes that a member keeps for others that were away, at most, however many; up to four times as many for those that are catching up.',
  ],
  [
    'cluster.etcdEndpoints',
    {
      type: 'list',
      item: z.string().regex(/^https?:\/\/[^/\s]+$/),
      expected: "a list such as 'http://127.0.0.1:2379'",
    },
    [],
    'The servers of etcd.',
  ],
  ['cluster.etcdKey', text('a key of etcd'), 'goethe', 'Where the record of the cluster is kept.'],
  ['cluster.etcdCa', file('a PEM file'), undefined, 'Who signs the certificates of etcd.'],
  ['cluster.etcdCert', file('a PEM file'), undefined, 'Our certificate for etcd.'],
  ['cluster.etcdCertKey', file('a PEM file'), undefined, 'Its private key.'],
  ['cluster.etcdUser', text('a user of etcd'), undefined, 'Who we are for etcd.'],
  [
    'cluster.etcdPasswordFile',
    file('a file with a password'),
    undefined,
    'The password of that user.',
  ],
  [
    'cluster.lease',
    text('the name of a Lease'),
    'goethe',
    'The Lease in which the record of the cluster is kept.',
  ],
  [
    'cluster.service',
    text('the name of a headless Service'),
    'goethe-members',
    'The Service whose pods are the members.',
  ],
  [
    'cluster.kubeconfig',
    file('a kubeconfig'),
    undefined,
    'How to reach Kubernetes from outside. Default: as a pod of it.',
  ],
]

/** All settings, in the order in which a file would have them. */
export function settings(): Setting[] {
  return rows.map(([key, kind, fallback, description, secret]) => ({
    key,
    kind,
    default: fallback,
    description,
    ...(secret && { secret }),
    flag: `--${kebab(nameOf(key))}`,
    env: `GOETHE_${kebab(nameOf(key)).replaceAll('-', '_').toUpperCase()}`,
  }))
}

/** `--cluster etcd` says it all. */
function nameOf(key: string): string {
  return key === 'cluster.mode' ? 'cluster' : key
}

function kebab(key: string): string {
  return key.replaceAll('.', '-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
