// The types of ConvNetJS, which comes without.
declare module 'convnetjs' {
  export interface Vol {
    w: Float64Array
  }
  export interface Layer {
    filters?: Vol[]
    biases?: Vol
  }
  export interface Convnet {
    Vol: new (sx: number, sy: number, depth: number, c?: number) => Vol
    Net: new () => { layers: Layer[]; makeLayers(definitions: object[]): void }
    Trainer: new (net: object, options: object) => { train(x: Vol, y: number | number[]): { loss: number } }
  }
  const convnetjs: Convnet
  // biome-ignore lint/style/noDefaultExport: it is CommonJS
  export default convnetjs
}
