// The tab Optimizers.
import { Panel } from '../control.tsx'

export function Optimizers() {
  return <Panel title="Optimizers">Soon.</Panel>
}
