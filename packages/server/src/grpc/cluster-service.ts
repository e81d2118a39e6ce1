/** The calls about the cluster. */
import { clusterToMessage, create, messages } from '@goethe/protocol'
import { forbidden } from '../auth/authorized-log.js'
import { publicPart } from '../cluster/cluster-report.js'
import { type ServedCluster, clusterOf, isOperator } from '../served-cluster.js'
import type { Call } from './grpc-call.js'

export async function describeCluster({
  context,
  identity,
}: Call): Promise<messages.DescribeClusterResponse> {
  const status = clusterOf(context.cluster).status()
  return clusterToMessage(isOperator(identity) ? status : publicPart(status))
}

export async function handOver(
  call: Call,
  { epoch }: messages.HandOverRequest,
): Promise<messages.HandOverResponse> {
  await operated(call).handOver(Number(epoch))
  return create(messages.HandOverResponseSchema)
}

export async function removeMember(
  call: Call,
  { member }: messages.RemoveMemberRequest,
): Promise<messages.RemoveMemberResponse> {
  await operated(call).removeMember(member)
  return create(messages.RemoveMemberResponseSchema)
}

export async function addMember(
  call: Call,
  { member }: messages.AddMemberRequest,
): Promise<messages.AddMemberResponse> {
  await operated(call).addMember(member)
  return create(messages.AddMemberResponseSchema)
}

export async function setMinInSync(
  call: Call,
  { minInSync }: messages.SetMinInSyncRequest,
): Promise<messages.SetMinInSyncResponse> {
  await operated(call).setMinInSync(minInSync)
  return create(messages.SetMinInSyncResponseSchema)
}

export async function recover(call: Call): Promise<messages.RecoverResponse> {
  await operated(call).recover()
  return create(messages.RecoverResponseSchema)
}

/** The cluster, for who may do something to it. */
function operated({ context, identity }: Call): ServedCluster {
  if (!isOperator(identity)) throw forbidden('admin', '*')
  return clusterOf(context.cluster)
}
