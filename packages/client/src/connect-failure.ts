import { portDefault } from './address.js'

/** Why no connection comes about, told apart as far as what to do about it differs. */
export type ConnectFailureReason =
  /** The host says that nothing listens there. */
  | 'refused'
  /** Nobody answers, or not in a way that says why. */
  | 'unreachable'
  /** The certificate of the server is not signed by whom we trust, or is for another name. */
  | 'certificate'
  /** The server wants a certificate of its client, and another one than it got. */
  | 'client-certificate'
  /** The server closes a connection with TLS at once, as one without TLS does. */
  | 'plain-text'
  /** The server closes a connection in plain text at once, as one with TLS does. */
  | 'closed'
  /** What answers is something else, perhaps the port of a Goethe server for HTTP. */
  | 'not-grpc'

/** The cause of a GOETHE_UNAVAILABLE that says that no connection came about. */
export class ConnectFailure extends Error {
  readonly reason: ConnectFailureReason

  constructor(message: string, reason: ConnectFailureReason = 'unreachable') {
    super(message)
    this.reason = reason
  }

  /** From what grpc-js says, which is a text and nothing else. */
  static of(details: string, isEncrypted: boolean): ConnectFailure {
    const text = withoutFrame(details)
    if (text === 'Failed to connect' && !isEncrypted) {
      return new ConnectFailure('the connection was closed at once', 'closed')
    }
    return new ConnectFailure(text, reasonOf(text))
  }

  /** True where trying again would end in the same way, unless a server is said to come there. */
  isLasting({ awaitsServer }: { awaitsServer: boolean }): boolean {
    if (this.reason === 'certificate' || this.reason === 'client-certificate') return true
    return !awaitsServer && (this.reason === 'refused' || this.reason === 'not-grpc')
  }

  /** The whole sentence; `where` are the addresses that were tried. */
  explain(where: string): string {
    return `${explanations[this.reason](where)} (${this.message})`
  }
}

const explanations: Record<ConnectFailureReason, (where: string) => string> = {
  refused: (where) =>
    `Nothing listens at ${where}: start a server with 'goethe serve', or correct the address`,
  unreachable: (where) =>
    `No Goethe server answers at ${where}: start one with 'goethe serve', or correct the address`,
  certificate: (where) =>
    `The certificate of the server at ${where} is not trusted: say who has signed it, or which ` +
    `name it is for`,
  'client-certificate': (where) =>
    `The server at ${where} wants a certificate of its client, signed by whom it trusts`,
  'plain-text': (where) =>
    `What answers at ${where} takes no connection with TLS: connect without it if it uses none, ` +
    `or correct the address`,
  closed: (where) =>
    `What answers at ${where} takes no connection in plain text: connect with TLS if it uses that, ` +
    `or correct the address`,
  'not-grpc': (where) =>
    `What answers at ${where} is not the gRPC port of a Goethe server, which is ${portDefault} ` +
    `unless the server was told otherwise: correct the address`,
}

/** Without what grpc-js and OpenSSL put before the reason and behind it. */
function withoutFrame(details: string): string {
  const text = /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(details)?.[1] ?? details
  const [, reason = text] = /SSL routines:[^:]*:([^:]+):/.exec(text) ?? []
  return (
    reason
      .replace(/^Error: /, '')
      .replace(/\s*\(\d{4}-[\dT:.-]+Z\)$/, '')
      // What newer versions of Node advise is about the machine's certificates.
      .replace(/; if the root CA is installed locally.*$/, '')
      .trim()
  )
}

function reasonOf(text: string): ConnectFailureReason {
  if (text.includes('ECONNREFUSED')) return 'refused'
  // An alert is what the other side says.
  if (/alert .*(certificate|unknown ca)/i.test(text)) return 'client-certificate'
  if (/wrong version number|packet length too long|before secure TLS/.test(text)) {
    return 'plain-text'
  }
  if (text === 'Protocol error') return 'not-grpc'
  return /certificate|altnames/i.test(text) ? 'certificate' : 'unreachable'
}
