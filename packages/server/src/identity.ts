/** What somebody may do with a topic; 'admin' is also for what concerns the whole log. */
export type Right = 'read' | 'append' | 'consume' | 'admin'

/** Rights in the topics that match: a name, or a prefix that ends with `*`. */
export interface Grant {
  topics: string
  rights: readonly Right[]
}

/** Who calls. */
export interface Identity {
  /** For logs, metrics and rate limits. */
  name: string
  grants: readonly Grant[]
}

/** Where nobody has to say who they are, everybody may do everything. */
export const everybody: Identity = {
  name: 'everybody',
  grants: [{ topics: '*', rights: ['read', 'append', 'consume', 'admin'] }],
}
