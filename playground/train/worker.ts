// The worker of the tab Train: what a trainer hears and says, as messages.
import '../engine.ts'
import type { Request } from './message.ts'
import { Trainer, transferred } from './trainer.ts'

/** A message to itself waits behind those that have come in. Timers would do too, but browsers make them 4 ms long. */
const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()
const breath = (): Promise<void> =>
  new Promise(resolve => {
    waiting.push(resolve)
    channel.port2.postMessage(null)
  })

const trainer = new Trainer(
  reply => self.postMessage(reply, { transfer: reply.type === 'frame' ? transferred(reply) : [] }),
  breath,
)
self.addEventListener('message', ({ data }: MessageEvent<Request>) => void trainer.hear(data))
