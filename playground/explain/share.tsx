// Taking it along: a link to what is shown, or the tables in another format.
import { useSignal } from '@preact/signals'
import { formats } from '../../src/explain/explain.ts'
import { Button, copy, Status } from '../control.tsx'
import { places } from '../place.ts'
import { explanation } from './session.ts'

const titles = { text: 'plain text', markdown: 'Markdown', latex: 'LaTeX', html: 'HTML', json: 'JSON' } as const

export function Share() {
  const said = useSignal('')
  return (
    <div class="row explain-share">
      <Status>{said.value}</Status>
      <label>
        <span class="hidden">Copy the tables as</span>
        <select
          value=""
          disabled={!explanation.value}
          onChange={event => {
            const select = event.currentTarget
            const format = formats.find(x => x === select.value)
            select.value = ''
            if (format && explanation.value) void copy(explanation.value.render(format), said)
          }}
        >
          <option value="" selected>
            Copy the tables as …
          </option>
          {formats.map(format => (
            <option key={format} value={format}>
              {titles[format]}
            </option>
          ))}
        </select>
      </label>
      <Button onClick={() => void copy(`${location.href.replace(/#.*$/s, '')}${places.explain.value}`, said)}>
        Copy link
      </Button>
    </div>
  )
}
