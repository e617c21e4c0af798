// Dark or light: as the system has it, or as the reader chose.
import { effect, signal } from '@preact/signals'

export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = signal(system.matches)
system.addEventListener('change', () => {
  systemDark.value = system.matches
})

/** What was chosen; storage may be forbidden, then it lasts as long as the page. */
function remembered(): Theme {
  try {
    return themes.find(x => x === localStorage.getItem('theme')) ?? 'auto'
  } catch {
    return 'auto'
  }
}
export const theme = signal<Theme>(remembered())
/** Are the colours those of the dark theme? Whoever draws on a canvas reads this and draws again. */
export const dark = signal(false)

effect(() => {
  dark.value = theme.value === 'auto' ? systemDark.value : theme.value === 'dark'
  document.documentElement.dataset.theme = dark.value ? 'dark' : 'light'
  try {
    localStorage.setItem('theme', theme.value)
  } catch {}
})

/** The value of a custom property of the style sheet now, such as '--ink'. */
export const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
