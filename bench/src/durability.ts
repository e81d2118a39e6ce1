/** What an acknowledged event survives: a crash of the process, or also one of the machine. */
export type Durability = 'os' | 'fsync'
