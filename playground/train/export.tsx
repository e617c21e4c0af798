// The run as a program that anybody can run with the library alone.
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { Button, copy, Status } from '../control.tsx'
import { setup } from './state.ts'

/** The script of the setup now; who writes it comes when it is wanted first. */
async function write(): Promise<string> {
  const { script } = await import('./script.ts')
  return script(setup.peek())
}

export function Export() {
  const dialog = useRef<HTMLDialogElement>(null)
  const code = useSignal('')
  const said = useSignal('')
  const download = (): void => {
    const address = URL.createObjectURL(new Blob([code.value], { type: 'text/typescript' }))
    const link = document.createElement('a')
    link.href = address
    link.download = 'train.ts'
    link.click()
    // the browser has taken it by then
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
    said.value = 'Downloaded as train.ts.'
  }
  return (
    <>
      <Button
        onClick={() => {
          code.value = ''
          said.value = ''
          dialog.current?.showModal()
          write().then(
            written => {
              code.value = written
            },
            error => {
              said.value = error instanceof Error ? error.message : String(error)
            },
          )
        }}
      >
        Export as script
      </Button>
      <dialog ref={dialog} class="train-export" aria-label="The run as a script">
        <header class="row">
          <h2>This run as a script</h2>
          <Button onClick={() => dialog.current?.close()}>Close</Button>
        </header>
        <p class="note">
          The same data, network and steps with the library alone, from step 0 and as the controls are now. Save it as{' '}
          <code>train.ts</code> and run it with <code>npx tsx train.ts</code>.
        </p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <pre tabIndex={0}>{code.value}</pre>
        <div class="row">
          <Button kind="main" disabled={code.value === ''} onClick={() => copy(code.value, said)}>
            Copy
          </Button>
          <Button disabled={code.value === ''} onClick={download}>
            Download
          </Button>
          <Status>{said.value}</Status>
        </div>
      </dialog>
    </>
  )
}
