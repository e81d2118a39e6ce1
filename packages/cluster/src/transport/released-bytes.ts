/**
 * Memory that is given back at once, not when V8 next collects. A socket reads into 64 KiB of new
 * memory each time, and V8 collects whenever some 30 MB of it have come up, whether in use or not:
 * a member that caught up spent a third of its time on that. What is transferred to a port that is
 * closed is gone.
 */
import { MessageChannel } from 'node:worker_threads'

/** Below this it costs more than it gives. */
const releasedBytesMin = 32 * 1024

const nowhere = new MessageChannel().port1
nowhere.close()

/** Empties bytes that nobody will look at again, where no others share their memory. */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer, length } = bytes
  if (length < releasedBytesMin || length < buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) nowhere.postMessage(undefined, [buffer])
}
