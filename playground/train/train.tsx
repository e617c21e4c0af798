// The tab Train.
import { Panel } from '../control.tsx'

export function Train() {
  return <Panel title="Train">Soon.</Panel>
}
