// The ledger: one row's adjoint, broken into one term for each use.
import { useRef } from 'preact/hooks'
import { Button, Head, numeric, Panel } from '../control.tsx'
import { numeral } from '../numeral.ts'
import { Tex } from '../tex.tsx'
import { factor } from './sentence.ts'
import { counted, form, hot, now, pin, pinned } from './session.ts'

export function LedgerPanel() {
  const terms = useRef<HTMLElement>(null)
  const [shape, moment, numbers] = [form.value, now.value, counted.value]
  if (!shape || !moment || !numbers || shape.visits.length === 0) return null
  // what is held; else what is pointed at; else where a gradient has just come; else what most is to be said of
  const most = shape.visits.reduce((a, b) => (b.terms.length >= a.terms.length ? b : a))
  const going = moment.current && moment.current.phase !== 'forward' ? moment.row : null
  const index = pinned.value ?? hot.value ?? going ?? most.node
  const visit = shape.visits.find(({ node }) => node === index)
  const node = shape.nodes[index ?? 0]
  if (!node) return null
  return (
    <Panel
      title={`Ledger of ${node.name}`}
      class="explain-ledger"
      actions={
        pinned.value !== null && (
          <Button
            onClick={() => {
              pin(pinned.value as number)
              // the button goes: the focus does not go with it
              terms.current?.focus({ preventScroll: true })
            }}
          >
            Let go
          </Button>
        )
      }
    >
      <p class="note">One term for each use: the user’s gradient times the local partial.</p>
      {!visit ? (
        <p>No gradient reaches {node.name}.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        <section ref={terms} class="scroll long" tabIndex={0} aria-label={`Terms of the gradient of ${node.name}`}>
          <table>
            <Head columns={['used in', 'term', ...numeric('upstream × local', 'contribution')]} />
            <tbody>
              {node.isOutput && (
                <tr class={moment.adjoints.has(node.index) ? '' : 'faint'}>
                  <td>the output itself</td>
                  <td>1</td>
                  <td />
                  <td class="number">{moment.adjoints.has(node.index) ? '1' : ''}</td>
                </tr>
              )}
              {visit.terms.map(({ edge, formula }) => {
                const use = shape.edges.find(({ id }) => id === edge)
                const user = shape.nodes[use?.to ?? 0]
                const handed = moment.handed.get(edge)
                const upstream = moment.adjoints.get(use?.to ?? -1)
                const local = numbers.locals.get(edge)
                return (
                  <tr key={edge} class={`${handed === undefined ? 'faint' : ''}${moment.edge === edge ? ' now' : ''}`}>
                    <td>{user && <Tex of={user.formula.tex} />}</td>
                    <td>
                      <Tex of={formula.tex} />
                    </td>
                    <td class="number">
                      {handed !== undefined && upstream !== undefined && local !== undefined
                        ? `${numeral(upstream)} × ${factor(local)}`
                        : ''}
                    </td>
                    <td class="number">{handed === undefined ? '' : numeral(handed, 6)}</td>
                  </tr>
                )
              })}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row" colSpan={3}>
                  {visit.terms.length + (node.isOutput ? 1 : 0) > 1
                    ? (moment.arrived.get(node.index) ?? 0) < visit.terms.length
                      ? 'sum so far'
                      : 'sum'
                    : 'gradient'}
                </th>
                <td class="number">
                  <strong>
                    {moment.adjoints.has(node.index) ? numeral(moment.adjoints.get(node.index) as number, 6) : ''}
                  </strong>
                </td>
              </tr>
            </tfoot>
          </table>
        </section>
      )}
    </Panel>
  )
}
