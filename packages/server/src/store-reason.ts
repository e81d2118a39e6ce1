/** Why the store does not do everything, in as many words as a caller may know. */
import { allowsAll } from './auth/grants.js'
import type { Identity } from './identity.js'
import type { StoreState } from './log-store.js'

/**
 * A sentence for everybody; who has `admin` on `*` also gets the cause, which may name files and
 * topics. Undefined while there is nothing to explain.
 */
export function storeReason(state: StoreState, identity: Identity | undefined): string | undefined {
  if (!('reason' in state)) return undefined
  const { reason, cause } = state
  if (reason === undefined) return undefined
  const isForAdmin = identity !== undefined && allowsAll(identity.grants, 'admin', '')
  return cause !== undefined && isForAdmin ? `${reason} (${cause})` : reason
}
