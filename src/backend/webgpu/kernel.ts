// Kernels of WGSL: one memory of 32-bit words, and where a kernel's arrays begin in it.
import type { DType } from '../array.ts'
import type { V } from '../math/registers.ts'
import { builtins } from './builtin.ts'
import { type Kind, NOTHING, Shader } from './shader.ts'

/** A shader, and how many of its workgroups there are. The code is the same for equal kernels, wherever their arrays lie. */
export interface Kernel {
  readonly code: string
  readonly groups: number
}
/** Bytes of any element: numbers are float32, float64 too, truth is 0 or 1. */
export const WORD = 4
/** Words that say where arrays begin; the last one is 0. */
export const OPERANDS = 256
/** Workgroups along one dimension at most: WebGPU's own limit. */
export const ROW = 65535

/** Where the k-th array of a kernel begins, in words. */
export const start = (k: number): string => `at[${k >> 2}].${'xyzw'[k & 3]}`

/** Reads an element. */
export function load(a: Shader, dtype: DType, place: string): V {
  if (dtype === 'bool') return a.let('bool', `m[${place}] != 0u`)
  const kind: Kind = dtype === 'int32' ? 'i32' : 'f32'
  return a.let(kind, `bitcast<${kind}>(m[${place}])`)
}
/** Writes an element. */
export function store(a: Shader, dtype: DType, place: string, x: V): void {
  if (dtype === 'bool') a.line(`m[${place}] = select(0u, 1u, ${a.b(x)});`)
  else if (dtype === 'int32') a.line(`m[${place}] = bitcast<u32>(${a.i(x)});`)
  else a.line(`m[${place}] = ${a.u(a.number(x))};`)
}

/** An index written in the base of `sizes`: the texts of its digits, all variables of the shader. */
export function digits(a: Shader, index: string, sizes: readonly number[]): string[] {
  const out: string[] = []
  let rest = index
  for (let d = sizes.length - 1; d > 0; d--) {
    const size = sizes[d] as number
    out.unshift(a.u(a.let('u32', `${rest} % ${size}u`)))
    rest = a.u(a.let('u32', `${rest} / ${size}u`))
  }
  if (sizes.length > 0) out.unshift(rest)
  return out
}
/** The place of an element: `from`, and so many strides along each dimension. */
export function place(from: string, index: readonly string[], strides: readonly number[]): string {
  const terms = index.map((i, d) => {
    const stride = strides[d] as number
    const size = Math.abs(stride)
    return stride === 0 ? '' : ` ${stride < 0 ? '-' : '+'} ${i}${size === 1 ? '' : ` * ${size}u`}`
  })
  return from + terms.join('')
}

/** What a kernel is written with, beside its shader. */
export interface Work {
  readonly a: Shader
  /** Which workgroup it is, and which thread within it. */
  readonly group: string
  readonly thread: string
}
/** A kernel of `groups` workgroups of `size` threads; `shared` declares what they share. */
export function kernel(groups: number, size: number, write: (work: Work) => void, shared = ''): Kernel {
  const used = new Set<string>()
  const a = new Shader(used)
  write({ a, group: 'group', thread: 'thread' })
  const parts = [
    '@group(0) @binding(0) var<storage, read_write> m: array<u32>;',
    `@group(0) @binding(1) var<uniform> at: array<vec4u, ${OPERANDS / 4}>;`,
    ...(shared ? [shared] : []),
    ...[...used].map(name => builtins[name] as string),
    `@compute @workgroup_size(${size})`,
    'fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {',
    `  let ${NOTHING} = at[${OPERANDS / 4 - 1}].w;`,
    `  let group = id.x + id.y * ${ROW}u;`,
    // the last row of a large kernel has workgroups to spare
    ...(groups > ROW ? [`  if (group >= ${groups}u) { return; }`] : []),
    a.text,
    '}',
  ]
  return { code: parts.join('\n'), groups }
}
/** A kernel of n threads that have nothing to do with each other; `write` is given a thread's number. */
export function each(n: number, write: (a: Shader, index: string) => void, size = 64): Kernel {
  return kernel(Math.ceil(n / size), size, ({ a, group, thread }) => {
    const index = a.u(a.let('u32', `${group} * ${size}u + ${thread}`))
    if (n % size) a.line(`if (${index} >= ${n}u) { return; }`)
    write(a, index)
  })
}

/** A number that all threads of a workgroup have a part of, joined by `join`: each of them gets all of it. */
export function together(a: Shader, size: number, thread: string, x: V, join: (x: V, y: V) => V): V {
  if (size === 1) return x
  a.line(`part[${thread}] = ${a.f(x)};`)
  a.line('workgroupBarrier();')
  for (let half = size >> 1; half > 0; half >>= 1) {
    a.block(`if (${thread} < ${half}u)`, () => {
      const both = join(a.as('f32', `part[${thread}]`), a.as('f32', `part[${thread} + ${half}u]`))
      a.line(`part[${thread}] = ${a.f(both)};`)
    })
    a.line('workgroupBarrier();')
  }
  const out = a.let('f32', `part[0]`)
  // nobody writes there again before all have read
  a.line('workgroupBarrier();')
  return out
}
/** Declares what `together` needs. */
export const parts = (size: number): string => `var<workgroup> part: array<f32, ${size}>;`
