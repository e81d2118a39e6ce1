import { parseAddresses } from './address.js'
import { Client } from './client.js'
import { type ConnectOptions, checkConnectOptions } from './options.js'

/**
 * The log of a server, with the contract of the embedded one:
 *
 *     await using log = connect('goethe://127.0.0.1:1337', { token })
 *     await log.append('orders', payload)
 *
 * Several addresses, as a list or with commas between, are those of one server or cluster: they
 * are tried one after the other. Connects with the first call. Throws ArgumentError for what is no
 * address or no option.
 */
export function connect(addresses: string | readonly string[], options?: ConnectOptions): Client {
  return new Client(parseAddresses(addresses), checkConnectOptions(options))
}
