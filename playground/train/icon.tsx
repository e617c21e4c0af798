// The signs on the buttons that run the training.
const paths = {
  play: 'M7 4.5v15l12.5-7.5z',
  pause: 'M6 4.5h4.2v15H6zM13.8 4.5H18v15h-4.2z',
  step: 'M5 4.5v15l9.5-7.5zM16 4.5h3v15h-3z',
  reset: 'M12 5V1.5L6.5 6.5 12 11.5V8a5 5 0 1 1-5 5H4a8 8 0 1 0 8-8z',
  minus: 'M5 10.8h14v2.4H5z',
  plus: 'M10.8 5h2.4v5.8H19v2.4h-5.8V19h-2.4v-5.8H5v-2.4h5.8z',
} as const

export function Icon({ of }: { readonly of: keyof typeof paths }) {
  return (
    <svg class="train-icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[of]} />
    </svg>
  )
}
