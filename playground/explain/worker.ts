// Derives and judges, away from the page.
import '../engine.ts'
import { derive, verdict } from '../../src/explain/explain.ts'
import { GradusError } from '../../src/index.ts'
import type { Reply, Request } from './question.ts'

const isOf = <K extends Request['kind']>(kind: K, request: Request): request is Request<K> => request.kind === kind

function answered(request: Request): Reply {
  if (isOf('derive', request)) {
    const { f, by, order } = request.question
    const found = derive(f, { order, ...(by !== null && { wrt: by }) })
    return {
      kind: 'derive',
      answer: { typescript: found.typescript(), latex: found.latex() },
    }
  }
  if (!isOf('verdict', request)) throw new TypeError(`a question of no known kind: ${request.kind}`)
  const found = verdict(request.question.f, request.question.at)
  return { kind: 'verdict', answer: { ok: found.ok, tables: found.tables } }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  let reply: Reply
  try {
    reply = answered(data)
  } catch (error) {
    if (!(error instanceof GradusError)) console.error(error)
    reply = { kind: data.kind, error: error instanceof Error ? error.message : String(error) }
  }
  postMessage(reply)
})
