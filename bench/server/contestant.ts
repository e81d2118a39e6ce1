import type { Durability } from '../src/durability'
import type { Contestant, Run, Sample } from '../src/scenario'
import type { EventClient, EventServer, ServerKind } from './event-server'

/** Measures a server that was started on an empty directory for this, and is stopped afterwards. */
export type Measure = (server: EventServer, run: Run) => Promise<Sample>

export interface ContestantOptions {
  /** Takes part in the first round only: it is there for orientation, and no goal needs it. */
  once?: boolean
}

/** A kind of server with a durability, measured in one way. */
export function contestant(
  kind: ServerKind,
  durability: Durability,
  measure: Measure,
  options: ContestantOptions = {},
): Contestant {
  return {
    name: nameOf(kind, durability),
    ...options,
    async run(run) {
      const server = await kind.start(run.directory, durability)
      const sample = await measure(server, run)
      await server.close()
      return sample
    },
  }
}

/** What a contestant is called, so that goals can name it. */
export const nameOf = ({ name }: ServerKind, durability: Durability) => `${name}, ${durability}`

/** For measures that need one connection. */
export function withClient(measure: (client: EventClient, run: Run) => Promise<Sample>): Measure {
  return async (server, run) => {
    const client = await server.connect()
    const sample = await measure(client, run)
    await client.close()
    return sample
  }
}
