// The tab Explain.
import { Panel } from '../control.tsx'

export function Explain() {
  return <Panel title="Explain">Soon.</Panel>
}
