// Functions of WGSL that the table's code calls: what WGSL leaves open for NaN and -0, and what needs a loop.

/** The bits of 1 / (2 pi) after the point, 32 in each: as many as the largest float32 and 64 digits more need. */
const TURNS = [
  '0x28be60dbu',
  '0x9391054au',
  '0x7f09d5f4u',
  '0x7d4d3770u',
  '0x36d8a566u',
  '0x4f10e410u',
  '0x7f9458eau',
  '0xf7aef158u',
]

/** By name; each is one function of that name. */
export const builtins: Readonly<Record<string, string>> = {
  // NaN wins, -0 is below 0
  lesser: `fn lesser(x: f32, y: f32) -> f32 {
  let p = bitcast<u32>(x);
  let q = bitcast<u32>(y);
  if ((p & 0x7fffffffu) > 0x7f800000u || (q & 0x7fffffffu) > 0x7f800000u) { return bitcast<f32>(p | q | 0x7fc00000u); }
  if (x == y) { return bitcast<f32>(p | q); }
  return select(y, x, x < y);
}`,
  greater: `fn greater(x: f32, y: f32) -> f32 {
  let p = bitcast<u32>(x);
  let q = bitcast<u32>(y);
  if ((p & 0x7fffffffu) > 0x7f800000u || (q & 0x7fffffffu) > 0x7f800000u) { return bitcast<f32>(p | q | 0x7fc00000u); }
  if (x == y) { return bitcast<f32>(p & q); }
  return select(y, x, x > y);
}`,
  // before which other number one comes: the smaller one, and NaN before all
  ahead: `fn ahead(x: f32, y: f32) -> bool {
  let p = (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
  let q = (bitcast<u32>(y) & 0x7fffffffu) > 0x7f800000u;
  return select(x < y, p && !q, p || q);
}`,
  // the exact remainder with the sign of x, by long division
  fmod: `fn fmod(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let p = bitcast<u32>(x) & 0x7fffffffu;
  let q = bitcast<u32>(y) & 0x7fffffffu;
  if (p >= 0x7f800000u || q > 0x7f800000u || q == 0u) { return bitcast<f32>(p | 0x7fc00000u); }
  if (p < q) { return x; }
  var exponent = max(i32(p >> 23u), 1i);
  let lowest = max(i32(q >> 23u), 1i);
  var rest = select(p & 0x7fffffu, (p & 0x7fffffu) | 0x800000u, p >= 0x800000u);
  let divisor = select(q & 0x7fffffu, (q & 0x7fffffu) | 0x800000u, q >= 0x800000u);
  for (; exponent > lowest; exponent--) {
    if (rest >= divisor) { rest -= divisor; }
    rest <<= 1u;
  }
  if (rest >= divisor) { rest -= divisor; }
  if (rest == 0u) { return bitcast<f32>(sign); }
  for (; rest < 0x800000u && exponent > 1i; exponent--) { rest <<= 1u; }
  let bits = select(rest, (rest & 0x7fffffu) | (u32(exponent) << 23u), rest >= 0x800000u);
  return bitcast<f32>(bits | sign);
}`,
  // x without whole turns, from -pi to pi: x / (2 pi) in whole numbers, after Payne and Hanek (1983)
  turned: `const turns = array<u32, 8>(${TURNS.join(', ')});
fn upper(a: u32, b: u32) -> u32 {
  let middle = (a >> 16u) * (b & 0xffffu) + (((a & 0xffffu) * (b & 0xffffu)) >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
}
fn turned(x: f32) -> f32 {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits >= 0x7f800000u) { return bitcast<f32>(bits | 0x7fc00000u); }
  let fraction = (bits & 0x7fffffu) | 0x800000u;
  // x = fraction 2^shift; from there on the digits of 1 / (2 pi) count, in words with one before the point
  let shift = i32(bits >> 23u) - 150i + 32i;
  let word = shift / 32i;
  let by = u32(shift % 32i);
  var digits: array<u32, 3>;
  for (var k = 0i; k < 3i; k++) {
    let at = word + k - 1i;
    let high = select(turns[max(at, 0i)], 0u, at < 0i);
    let low = turns[at + 1i];
    digits[k] = select((high << by) | (low >> ((32u - by) & 31u)), high, by == 0u);
  }
  // (fraction * digits) modulo 1, in 64 digits
  let lowest = upper(fraction, digits[2]);
  let low = fraction * digits[1] + lowest;
  let carry = upper(fraction, digits[1]) + select(0u, 1u, low < lowest);
  var high = fraction * digits[0] + carry;
  var rest = low;
  var sign = select(1f, -1f, x < 0f);
  if (high >= 0x80000000u) {
    sign = -sign;
    rest = ~rest + 1u;
    high = ~high + select(0u, 1u, rest == 0u);
  }
  return sign * 6.2831855f * (f32(high) * 2.3283064e-10f + f32(rest) * 5.421011e-20f);
}`,
}
