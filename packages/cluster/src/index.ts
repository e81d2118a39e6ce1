export type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator/coordinator.js'
export type { ClusterRecord, Leader, MemberStore } from './record.js'
