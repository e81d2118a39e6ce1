/**
 * A block is cut here unless a single event is larger; the format allows 1 MiB. Each block costs an
 * append a key, and a seek reads and verifies a whole one: at 16 KiB appends in batches of 1,000
 * are a fifth slower, at 1 MiB a seek into large batches takes several times as long.
 */
export const blockBytesMax = 128 * 1024

/** Largest event accepted by default. */
export const eventBytesMaxDefault = 16 * 1024 * 1024

/** Largest event that can be configured: a block must fit one protobuf message of any language. */
export const eventBytesMaxLimit = 1024 * 1024 * 1024

/** Bytes of appends that may wait before `append` itself has to wait. */
export const queueBytesMaxDefault = 64 * 1024 * 1024

/** What one queued payload costs beyond its bytes, so that empty payloads are bounded too. */
export const queueBytesPerPayload = 64

/** Bytes of one commit at most: bounds the latency of a commit and the size of a batch. */
export const commitBytesMax = 16 * 1024 * 1024

/**
 * Commits under way, where the store keeps their order: while one is on its way to other machines,
 * the next one gathers and sets out.
 */
export const orderedWritesMax = 2

/** Bytes that must wait for a commit to set out behind one that is under way. */
export const commitAheadBytesMin = 256 * 1024

/** Bytes a read takes from the store at a time; the default of 16 KiB costs blocks a factor of 3. */
export const readAheadBytes = 1024 * 1024

/** Blocks a read takes from the store at a time: bounds the lone-event case. */
export const readAheadBlocks = 1000

/** Recent commits kept for live readers, in bytes and in number. */
export const recentBytesMaxDefault = 16 * 1024 * 1024
export const recentCommitsMax = 4096

/** Topics whose state is remembered between commits. */
export const topicStatesMax = 65_536

/** Producers of a topic whose results are remembered between commits: about 1 KiB each. */
export const producerStatesMax = 4096

/** Cursors whose record is remembered between commits. */
export const cursorStatesMax = 10_000

/** Results remembered for each producer of a topic: as many appends may be in flight. */
export const producerResultsMax = 64

/** A producer that appended nothing for so long is forgotten when the topic is trimmed. */
export const producerExpiryMs = 7 * 24 * 60 * 60 * 1000

/** Topic and consumer names, in bytes of UTF-8. */
export const nameBytesMax = 255

/** Deliveries of one consumer that are neither acknowledged nor dead-lettered, at most. */
export const unsettledMax = 10_000

/** Events that one of several instances gets at a time, so that all get their share of a few. */
export const deliveriesPerTurn = 16

/** Keys deleted in one batch by trim and deleteTopic. */
export const deletesPerBatch = 1000

/** How far the clock may be behind the last id before it is reported. */
export const clockBehindMsDefault = 1000

/** How far ahead of the clock the time of an imported event may lie. */
export const futureTimeMsMax = 60_000

/** How often retention is enforced. */
export const retentionIntervalMsDefault = 60_000
