// The player's bar: what is taken step by step, and what the last step did.

import { Panel, Status } from '../control.tsx'
import { Player } from '../player.tsx'
import { Tex } from '../tex.tsx'
import { sentence } from './sentence.ts'
import { counted, form, length, move, now, place, position, speeds } from './session.ts'

export function StepsPanel() {
  const [shape, numbers, moment] = [form.value, counted.value, now.value]
  if (!shape || !numbers || !moment) return null
  const forward = numbers.steps.filter(({ phase }) => phase === 'forward').length
  const words = sentence(shape, numbers, moment, position.value)
  return (
    <Panel title="Step by step" class="explain-steps">
      <Player
        position={position.value}
        length={length.value}
        onMove={move}
        speed={place.speed}
        speeds={speeds}
        phases={[
          { title: 'forward', length: forward },
          ...(length.value > forward ? [{ title: 'backward', length: length.value - forward }] : []),
        ]}
        said={`step ${position.value} of ${length.value}`}
      />
      <Status>{words.map((word, k) => (typeof word === 'string' ? word : <Tex key={k} of={word.tex} />))}</Status>
    </Panel>
  )
}
