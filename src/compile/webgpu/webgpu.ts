// gradus/webgpu: steps compiled for a GPU, in browsers that have WebGPU, and in Node through npm's webgpu.
import { Device } from '../../backend/webgpu/device.ts'
import { oneOf, options } from '../../engine/argument.ts'
import { CompileError, DependencyError } from '../../engine/errors.ts'
import type { Processor } from '../processor.ts'
import { Gpu } from './gpu.ts'

/** A GPU that steps are compiled for. */
export interface WebGpu extends Processor {
  /** What it calls itself. */
  readonly name: string
  /** Bytes of its memory that programs hold. */
  readonly used: number
  /**
   * Waits until all that was called has been done, and brings the values of parameters, gradients and state back, so
   * that `data` has them.
   *
   * @throws CompileError when something went wrong on the GPU
   */
  sync(): Promise<void>
}
/** What gives adapters, as `navigator.gpu`. */
export interface Provider {
  requestAdapter(options?: { powerPreference?: 'high-performance' | 'low-power' }): Promise<unknown>
}

export interface WebGpuOptions {
  /** What gives adapters: `navigator.gpu`, or in Node what npm's webgpu creates, if it is not said. */
  readonly gpu?: Provider
  /** Which GPU, where there are several: the fast one, or the one that saves power ('high-performance'). */
  readonly powerPreference?: 'high-performance' | 'low-power'
}

const INSTALL = 'npm install webgpu'
/** What GPUs came from: in Node, they are gone when that is. */
const providers = new Set<Provider>()
let own: Provider | null = null
/** The name is no literal, so that bundlers for browsers leave it alone. */
const PACKAGE = 'webgpu'

async function provider(): Promise<Provider> {
  const { navigator, process } = globalThis as { navigator?: { gpu?: Provider }; process?: unknown }
  if (navigator?.gpu) return navigator.gpu
  if (!process)
    throw new DependencyError(
      'webgpu: this browser has no WebGPU, or the page is not from https or localhost: compile without a device',
    )
  if (own) return own
  try {
    const { create } = (await import(/* @vite-ignore */ PACKAGE)) as { create(options: string[]): Provider }
    own = create([])
    return own
  } catch (cause) {
    const error = new DependencyError(
      `webgpu: in Node it comes with a package of its own (${cause instanceof Error ? cause.message.split('\n')[0] : cause}). Try: ${INSTALL}`,
    )
    error.cause = cause
    throw error
  }
}

/**
 * A GPU to compile steps for: `compile(step, { device: await webgpu() })`. Such a step is called as any other, and gives
 * a promise of its result; parameters, gradients and optimizer state stay on the GPU until `await gpu.sync()`.
 *
 * A GPU computes in float32. Tensors of float64 that a step is given, trains or returns are an error, but for single
 * numbers: counters and rates are computed by JavaScript as always.
 *
 * Calls need not be waited for. One that finds another at work (which is being recorded, or waits for the GPU in the
 * middle) is done after it, and reads `live` numbers, options and flags then.
 *
 * @throws DependencyError when there is no GPU, or in Node no package that finds it; says what to install
 * @example
 * const gpu = await webgpu()
 * const w = tensor([0], { requiresGrad: true })
 * const optimizer = new optim.SGD([w], { lr: 0.25 })
 * const step = (x: Tensor) => {
 *   const loss = w.sub(x).square().sum()
 *   optimizer.zeroGrad()
 *   loss.backward()
 *   optimizer.step()
 *   return loss
 * }
 * const train = compile(step, { device: gpu })
 * for (let i = 0; i < 9; i++) await train(tensor([8]))
 * await gpu.sync()
 * w.item() // 7.984375
 */
export async function webgpu(given: WebGpuOptions = {}): Promise<WebGpu> {
  const { gpu, powerPreference = 'high-performance' } = options('webgpu', given, ['gpu', 'powerPreference'])
  oneOf('webgpu', 'powerPreference', powerPreference, ['high-performance', 'low-power'])
  const from = gpu ?? (await provider())
  providers.add(from)
  const adapter = (await from.requestAdapter({ powerPreference })) as GPUAdapter | null
  if (!adapter)
    throw new DependencyError(
      'webgpu: no GPU was found: WebGPU needs a driver for Vulkan, Metal or Direct3D 12. Without a GPU, compile without a device',
    )
  // as large as this GPU allows: programs keep all in one buffer
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } })
  const { description, device: model, vendor } = adapter.info
  return new Gpu(new Device(device, description || model || vendor || 'GPU', message => new CompileError(message)))
}
