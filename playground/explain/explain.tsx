// The tab Explain: an expression of the reader's own, its graph and its tables, step by step.
import './explain.css'
import { DerivativePanel } from './derivative.tsx'
import { GraphPanel } from './graph.tsx'
import { ExpressionPanel } from './input.tsx'
import { VerdictPanel } from './judgement.tsx'
import { LedgerPanel } from './ledger.tsx'
import { now, reading } from './session.ts'
import { StepsPanel } from './steps.tsx'
import { ForwardPanel, ReversePanel } from './tables.tsx'

export function Explain() {
  const { good, problem } = reading.value
  return (
    <div
      class={`explain${problem ? ' stale' : ''}`}
      data-phase={(now.value?.current?.phase ?? 'forward') === 'forward' ? 'forward' : 'backward'}
    >
      <ExpressionPanel />
      {good && (
        <>
          <StepsPanel />
          <div class="sides">
            <div class="stack pictures">
              <GraphPanel />
              <LedgerPanel />
            </div>
            <div class="stack tables">
              <ForwardPanel />
              <ReversePanel />
            </div>
          </div>
          <div class="folds">
            <DerivativePanel />
            <VerdictPanel />
          </div>
        </>
      )}
    </div>
  )
}
