// The worker of the tab Train: what a trainer hears and says, as messages.
import '../engine.ts'
import type { Request } from './message.ts'
import { Trainer, transferred } from './trainer.ts'

const trainer = new Trainer(reply =>
  self.postMessage(reply, { transfer: reply.type === 'frame' ? transferred(reply) : [] }),
)
self.addEventListener('message', ({ data }: MessageEvent<Request>) => void trainer.hear(data))
