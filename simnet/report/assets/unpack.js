// Columns of numbers as simnet/report/packed.py writes them.

const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array };

async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A half-precision float of its bits.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, power = (bits >> 10) & 31, part = bits & 1023;
  if (power === 31) return part ? NaN : sign * Infinity;
  return sign * (power ? 2 ** (power - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024));
}

async function unpack(packed) {
  const bytes = await inflate(packed.data);
  const rows = packed.rows;
  const columns = { rows };
  let at = 0;
  for (const [name, kind] of packed.columns) {
    const width = KINDS[kind].BYTES_PER_ELEMENT;
    const whole = new Uint8Array(rows * width);
    for (let plane = 0; plane < width; plane++) {
      for (let row = 0; row < rows; row++) whole[row * width + plane] = bytes[at++];
    }
    columns[name] = new KINDS[kind](whole.buffer);
  }
  return columns;
}
