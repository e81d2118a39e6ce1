/** What somebody may do with a topic; 'admin' is also for what concerns the whole log. */
export type Right = 'read' | 'append' | 'consume' | 'admin'

/** Rights in the topics that match: a name, or a prefix that ends with `*`. */
export interface Grant {
  topics: string
  rights: readonly Right[]
}

/** Who calls. */
export interface Identity {
  /** Tells callers apart: in logs, in rate limits, and where a consumer comes back for what it holds. */
  name: string
  grants: readonly Grant[]
}

/** How a caller showed who it is. */
export type Credential = 'token' | 'jwt' | 'certificate'

/**
 * The name of a caller, such as 'token:billing'. What issuers of tokens and authorities of
 * certificates call somebody is up to them, so that a name alone could be that of somebody else.
 */
export function callerName(credential: Credential, name: string): string {
  return `${credential}:${name}`
}

/** Where nobody has to say who they are, everybody may do everything. */
export const everybody: Identity = {
  name: 'everybody',
  grants: [{ topics: '*', rights: ['read', 'append', 'consume', 'admin'] }],
}
