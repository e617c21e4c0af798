// A GPU for Gradus, by the package that its own tests use: a peer brings along another one of that name.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Provider, type WebGpu, webgpu } from '../../src/compile/webgpu/webgpu.ts'
import { DependencyError } from '../../src/engine/errors.ts'

export async function device(): Promise<WebGpu> {
  const require = createRequire(join(process.cwd(), 'package.json'))
  try {
    const { create } = (await import(require.resolve('webgpu'))) as { create(options: string[]): Provider }
    return await webgpu({ gpu: create([]) })
  } catch (cause) {
    throw new DependencyError(cause instanceof Error ? cause.message : String(cause))
  }
}
