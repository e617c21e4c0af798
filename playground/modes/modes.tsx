// The tab Modes: what forward and reverse mode cost, and what else the order of a computation decides.
import { useEffect } from 'preact/hooks'
import { Panel, Scroll, Segments, Slider, Status } from '../control.tsx'
import { Tex } from '../tex.tsx'
import { Along } from './along.tsx'
import { CostTable, Storage, Verdict } from './cost.tsx'
import { formula } from './function.ts'
import './modes.css'
import { Jacobians, Sweeps } from './graphs.tsx'
import { depth, engine, failures, follow, m, measured, measurements, most, n, shape } from './state.ts'

function Setup() {
  const sizes = {
    n: Math.min(n.value, most('n')),
    m: Math.min(m.value, most('m')),
    depth: Math.min(depth.value, most('depth')),
  }
  return (
    <Panel title="Function" class="setup">
      <div class="stack">
        <Segments
          label="Made of"
          value={shape}
          choices={[
            ['layers', 'layers'],
            ['chain', 'a chain of sines'],
          ]}
        />
        <Scroll label="Formula">
          <Tex of={formula(shape.value, sizes)} display />
        </Scroll>
        <Slider label="Inputs n" value={n} min={1} max={most('n')} step={1} integer />
        <Slider label="Outputs m" value={m} min={1} max={most('m')} step={1} integer />
        <Slider label="Depth" value={depth} min={1} max={most('depth')} step={1} integer />
        <Segments
          label="Engine"
          value={engine}
          choices={[
            ['tensor', 'tensor'],
            ['scalar', 'scalar'],
          ]}
        />
        <p class="note">
          {engine.value === 'tensor'
            ? 'One op for a whole array.'
            : 'One op for each number: many more ops, the same arithmetic.'}{' '}
          All numbers are counted and measured by the engine in this browser.
        </p>
      </div>
    </Panel>
  )
}

function said(): string {
  if (failures.measurements.value !== '') return failures.measurements.value
  return measured.value ? 'Measured.' : 'Measuring …'
}

/** How much of all there is to measure is measured. */
function Progress() {
  const found = measurements.value
  if (!found || found.done) return null
  return <div class="progress" style={{ '--share': `${Math.round(100 * found.share)}%` }} />
}

export function Modes() {
  useEffect(follow, [])
  return (
    <div class="modes">
      <div class="setting">
        <Setup />
        <Progress />
        <Status>{said()}</Status>
      </div>
      <div class="found" aria-busy={!measured.value}>
        <Panel title="The whole Jacobian, in each mode" class="costs">
          <div class="stack">
            <Verdict />
            <CostTable />
          </div>
        </Panel>
        <Along />
        <Storage />
        <Sweeps />
        <Jacobians />
      </div>
    </div>
  )
}
