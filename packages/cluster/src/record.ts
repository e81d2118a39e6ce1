/** The one record on which a cluster agrees. */

/** A store that takes part: a member's name says where it runs, the store id what it holds. */
export interface MemberStore {
  readonly member: string
  /** A UUID made together with an empty data directory: an emptied disk is another store. */
  readonly storeId: string
}

/** Who leads. */
export interface Leader extends MemberStore {
  /** A UUID of the process, new at each start: a leader that came back is not the one that led. */
  readonly incarnation: string
  /** `host:port` for clients. */
  readonly address: string
}

/** An operator made a store lead that was not known to hold everything. */
export interface Recovery extends MemberStore {
  /** In which epoch it began to lead. */
  readonly epoch: number
  /** Where its journal ended: committed entries behind this one may be lost. */
  readonly lsn: number
}

/** What the coordinator keeps, changed only by compare-and-set. */
export interface ClusterRecord {
  /** A UUID made with the record. */
  readonly clusterId: string
  /** Of a lead: higher than all before it, mostly by one. */
  readonly epoch: number
  /** Absent after the last leader gave up its lead. */
  readonly leader?: Leader | undefined
  /** The stores that hold every committed entry, sorted by member. */
  readonly inSync: readonly MemberStore[]
  /** Fewest in-sync stores with which the leader still acknowledges. */
  readonly minInSync: number
  /**
   * Stores that an operator took out, those of late: they leave the set as soon as it may be smaller,
   * and join no more until they are let in again. The member of that name may, with an empty disk.
   */
  readonly removed?: readonly MemberStore[] | undefined
  /** The last time that an operator accepted a loss. */
  readonly recovery?: Recovery | undefined
  /** Wall-clock milliseconds of the leader's last renewal: for people, never compared between machines. */
  readonly renewTimeMs: number
  /** How long others leave the leader in peace after they saw the record change, in milliseconds. */
  readonly leaseDurationMs: number
}
