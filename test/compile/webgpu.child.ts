// A process that trains on a GPU, drops what it has made, and then has nothing more to do.
import { webgpu } from '../../src/compile/webgpu/webgpu.ts'
import { compile, optim, type Tensor, tensor } from '../../src/index.ts'
import { here } from '../swiftshader.ts'

async function trained(lr: number): Promise<number> {
  const w = tensor([1, 2], { requiresGrad: true })
  const optimizer = new optim.SGD([w], { lr })
  const gpu = await webgpu(here ? { gpu: here.gpu } : {})
  const train = compile(
    (x: Tensor) => {
      const loss = w.mul(x).sum()
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      return loss
    },
    { device: gpu },
  )
  for (let i = 0; i < 5; i++) await train(tensor([1, 1]))
  await gpu.sync()
  return w.sum().item()
}
for (const lr of [0.5, 1, 2]) {
  console.log(await trained(lr))
  // what nobody refers to any more goes, with its memory on the GPU
  globalThis.gc?.()
  await new Promise(resolve => setTimeout(resolve, 10))
}
