import { createRequire } from 'node:module'

const require = createRequire(new URL('../peers/package.json', import.meta.url))

/**
 * Loads a store from peers/, where the first run of the bench installs it. It may be missing, so
 * there are no types of it either: each peer declares what it uses.
 */
export function peerModule<T>(name: string): T {
  return require(name) as T
}
