// A loop that awaits nothing lets other things happen now and then: timers, signals, the page.

/** For how long, in milliseconds, nothing but the loop may run. */
const BREATH = 100

/** To be called in each step: a promise to be awaited when it is time, else nothing. */
export function breathing(): () => Promise<void> | undefined {
  let last = performance.now()
  return () => {
    if (performance.now() - last < BREATH) return undefined
    return new Promise<void>(resolve => setTimeout(resolve)).then(() => {
      last = performance.now()
    })
  }
}
