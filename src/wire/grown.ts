/** Copies the numbers to the beginning of a larger array, and returns that one. */
export function grown<Numbers extends Uint8Array | Int32Array | Float64Array>(
  numbers: Numbers,
  larger: Numbers,
): Numbers {
  larger.set(numbers)
  return larger
}
