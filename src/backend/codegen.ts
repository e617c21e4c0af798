// The one switch of code generation, read by everything that generates code.

let allowed = true
let works: boolean | undefined

/**
 * The one switch of code generation (`new Function`, WebAssembly): call with false under a strict
 * Content-Security-Policy and everything runs on the interpreter, which gives the same numbers more slowly. Without an
 * argument, only asks. The switch is read before the environment is probed. Returns whether code is generated.
 */
export function codegen(enabled?: boolean): boolean {
  if (enabled !== undefined) allowed = enabled
  if (!allowed) return false
  if (works === undefined) {
    try {
      works = new Function('return true')() as boolean
    } catch {
      works = false
    }
  }
  return works
}
