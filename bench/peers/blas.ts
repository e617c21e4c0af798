// A native library for Gradus' products, and what it says of itself.
import koffi from 'koffi'
import { type BlasInfo, useBlas } from '../../src/io/blas.ts'

let plugged: BlasInfo | null = null
export function plug(): void {
  plugged = useBlas()
}

/** Its version, and for which processor it has chosen its kernels, where it can say so. */
export function versions(): Record<string, string> {
  if (!plugged) return {}
  const { name, path } = plugged
  try {
    const config: string = koffi.load(path).func('const char *openblas_get_config()')()
    const core: string = koffi.load(path).func('const char *openblas_get_corename()')()
    return { [name]: `${/\d+(\.\d+)+/.exec(config)?.[0] ?? ''} (${core})` }
  } catch {
    return { [name]: path }
  }
}
