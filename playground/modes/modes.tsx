// The tab Modes.
import { Panel } from '../control.tsx'

export function Modes() {
  return <Panel title="Modes">Soon.</Panel>
}
