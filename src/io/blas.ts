// gradus/blas: large products by a native library of the machine, OpenBLAS, BLIS, MKL or Accelerate. Node only.
import type { TypedArray } from '../backend/array.ts'
import { type Blas, type Product, plugBlas } from '../backend/blas.ts'
import { DependencyError } from '../engine/errors.ts'
import { peer } from './peer.ts'

/** The part of koffi that is used. */
interface Koffi {
  load(path: string): { func(declaration: string): (...args: unknown[]) => unknown }
}

export interface BlasOptions {
  /** The library's file, instead of looking for one. */
  readonly path?: string
  /** How many threads it may use (1), where it can be told. */
  readonly threads?: number
}
/** What was found. */
export interface BlasInfo {
  readonly name: string
  readonly path: string
}

/** Names under which the libraries are found, by system, the fastest first. */
const names: Record<string, readonly string[]> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libblis.so.4',
    'libblis.so.3',
    'libblis.so',
    'libcblas.so.3',
    'libblas.so.3',
  ],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
    '/usr/local/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll'],
}
const advice: Record<string, string> = {
  linux: 'install one: apt install libopenblas0-pthread, or dnf install openblas-threads',
  darwin: 'install one: brew install openblas',
  win32: 'put libopenblas.dll (github.com/OpenMathLib/OpenBLAS) on the PATH',
}

const known: readonly (readonly [RegExp, string])[] = [
  [/openblas/i, 'OpenBLAS'],
  [/mkl/i, 'MKL'],
  [/blis/i, 'BLIS'],
  [/Accelerate/, 'Accelerate'],
]

/** Functions that set the number of threads, where a library has one. */
const threadSetters = ['openblas_set_num_threads', 'MKL_Set_Num_Threads', 'bli_thread_set_num_threads']

const [ROW_MAJOR, AS_IT_IS, TRANSPOSED] = [101, 111, 112]

/**
 * From here on, large matrix products, eager and in steps compiled from now on, are done by a native BLAS. Finds one on
 * the machine, or loads `path`. Needs koffi: npm install koffi. Returns which library it is.
 *
 * Results differ in their last bits from those of WebAssembly, and between libraries.
 *
 * @throws DependencyError when koffi or a library is missing; says what to install
 */
export function useBlas({ path, threads = 1 }: BlasOptions = {}): BlasInfo {
  const koffi = peer<Koffi>('koffi', 'gradus/blas', 'koffi')
  const tried = path === undefined ? (names[process.platform] ?? []) : [path]
  const failures: string[] = []
  for (const file of tried) {
    try {
      const library = koffi.load(file)
      const name = known.find(([pattern]) => pattern.test(file))?.[1] ?? 'BLAS'
      plugBlas(bound(name, library, threads))
      return { name, path: file }
    } catch (cause) {
      failures.push(cause instanceof Error ? (cause.message.split('\n')[0] as string) : String(cause))
    }
  }
  const where =
    path === undefined ? `none of ${tried.join(', ')} could be loaded` : `${path} could not be loaded (${failures[0]})`
  throw new DependencyError(`gradus/blas: ${where}: ${advice[process.platform] ?? 'install OpenBLAS'}`)
}
/** Back to WebAssembly, for what is compiled or run from now on. */
export const dropBlas = (): void => plugBlas(null)

function bound(name: string, library: ReturnType<Koffi['load']>, threads: number): Blas {
  const declared = (prefix: 's' | 'd', type: 'float' | 'double') =>
    library.func(
      `void cblas_${prefix}gemm(int layout, int ta, int tb, int m, int n, int k, ${type} alpha, ${type} *a, int lda, ${type} *b, int ldb, ${type} beta, _Out_ ${type} *c, int ldc)`,
    )
  const [single, double] = [declared('s', 'float'), declared('d', 'double')]
  for (const setter of threadSetters) {
    try {
      library.func(`void ${setter}(int n)`)(threads)
      break
    } catch {
      // another library's function
    }
  }
  return {
    name,
    multiply(c: TypedArray, a: TypedArray, b: TypedArray, p: Product): void {
      const gemm = c instanceof Float32Array ? single : double
      const [ta, tb] = [p.transposeA ? TRANSPOSED : AS_IT_IS, p.transposeB ? TRANSPOSED : AS_IT_IS]
      gemm(ROW_MAJOR, ta, tb, p.m, p.n, p.k, 1, a, p.ldA, b, p.ldB, 0, c, p.n)
    },
  }
}
