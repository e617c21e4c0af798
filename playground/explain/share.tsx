// Taking it along: a link to what is shown, or the tables in another format.
import { useSignal } from '@preact/signals'
import { type Format, formats } from '../../src/explain/explain.ts'
import { Button, copy, Status } from '../control.tsx'
import { places } from '../place.ts'
import { explanation } from './session.ts'

const titles: Readonly<Record<Format, string>> = {
  text: 'plain text',
  markdown: 'Markdown',
  latex: 'LaTeX',
  html: 'HTML',
  json: 'JSON',
}

export function Share() {
  const said = useSignal('')
  const format = useSignal<Format>('markdown')
  const link = (): string => `${location.href.replace(/#.*$/s, '')}${places.explain.peek()}`
  return (
    <div class="row explain-share">
      <Status>{said.value}</Status>
      <Button onClick={() => copy(link(), said)}>Copy link</Button>
      <Button disabled={!explanation.value} onClick={() => copy(explanation.value?.render(format.value) ?? '', said)}>
        Copy tables
      </Button>
      <label>
        as{' '}
        <select
          aria-label="Format of the copied tables"
          value={format.value}
          onChange={event => {
            format.value = formats.find(x => x === event.currentTarget.value) ?? 'markdown'
          }}
        >
          {formats.map(x => (
            <option key={x} value={x} selected={x === format.value}>
              {titles[x]}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
