import { setFlagsFromString } from 'node:v8'

/**
 * Lets the heap of this process grow to five times what is alive before all that is alive is looked
 * through again. V8 counts the bytes of events, which lie outside of its heap and die soon, but begins
 * by looking through the heap, in which nearly everything lives for good. By its own rules a follower
 * that takes 25 MB/s does that five times a second, with a fifth of its main thread and four more
 * threads; with this the three members of a cluster on two cores took 286 to 330 thousand events a
 * second, in batches of 1,000, where it was 200 to 225 before (by hand). The price is memory under
 * load: the heap with what it counts may come to five times what is alive, some 150 MB.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=400')
}
