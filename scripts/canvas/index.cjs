// node-canvas's face on @napi-rs/canvas, as far as chartjs-node-canvas looks: callbacks, streams, svg and fonts.
const { Readable } = require('node:stream')
const napi = require('@napi-rs/canvas')

/** Runs `make` now, or hands its outcome to a node-style callback. */
function answer(callback, make) {
  if (!callback) return make()
  let result
  try {
    result = make()
  } catch (error) {
    return process.nextTick(callback, error)
  }
  process.nextTick(callback, null, result)
}

function createCanvas(width, height, type) {
  if (type === 'svg') {
    const canvas = napi.createCanvas(width, height, napi.SvgExportFlag.ConvertTextToPaths)
    canvas.toBuffer = callback => answer(typeof callback === 'function' && callback, () => canvas.getContent())
    return canvas
  }
  if (type && type !== 'image') throw new Error(`canvas: no ${type} backend here (only image and svg)`)
  const canvas = napi.createCanvas(width, height)
  const encode = mime => (mime === 'raw' ? canvas.data() : napi.CanvasElement.prototype.toBuffer.call(canvas, mime))
  const url = mime => `data:${mime};base64,${encode(mime).toString('base64')}`
  canvas.toBuffer = (...args) => {
    const callback = typeof args[0] === 'function' && args.shift()
    return answer(callback, () => encode(args[0] ?? 'image/png'))
  }
  canvas.toDataURL = (mime = 'image/png', ...rest) =>
    answer(
      rest.find(arg => typeof arg === 'function'),
      () => url(mime),
    )
  canvas.createPNGStream = () => Readable.from([encode('image/png')])
  canvas.createJPEGStream = () => Readable.from([encode('image/jpeg')])
  return canvas
}

function registerFont(path, { family }) {
  if (!napi.GlobalFonts.registerFromPath(path, family)) throw new Error(`canvas: cannot read the font ${path}`)
}

const { Image, ImageData, Path2D, DOMMatrix, DOMPoint, loadImage } = napi
module.exports = { createCanvas, registerFont, Image, ImageData, Path2D, DOMMatrix, DOMPoint, loadImage }
