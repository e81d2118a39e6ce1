import { buildSqlite, installPeers } from './install-peers'
import { scenarios } from './scenarios/all'
import type { Suite } from './suite'

/** Goethe in the process of its user, against other stores that are used so. */
export const embeddedSuite: Suite = {
  name: 'embedded',
  description: 'Measures Goethe against other embedded stores.',
  scenarios,
  async prepare(report) {
    const versions = await installPeers(report)
    await buildSqlite(report)
    return versions
  },
  results: { json: 'latest.json', chart: 'latest.svg' },
}
