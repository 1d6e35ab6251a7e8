import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { byteSize, cut, duration, printable, table, utc, wrap } from '../../src/report/text.ts'

describe('numbers for people', () => {
  it.each([
    [1, '1 byte'],
    [999, '999 bytes'],
    [12_345, '12.3 kB'],
    [999_960, '1.0 MB'],
    [5e12, '5.0 TB'],
  ])('%i bytes are %s', (bytes, text) => expect(byteSize(bytes)).toBe(text))

  it.each([
    [0.0174, '0.017 s'],
    [41.23, '41.2 s'],
    [200, '3 min 20 s'],
    [3600 * 5 + 60 * 7, '5 h 7 min'],
    [86_400 * 1200 + 3600 * 4, '1,200 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text))

  it('gives instants beyond the calendar in seconds', () => {
    expect(utc(1_700_000_000)).toBe('2023-11-14 22:13:20')
    expect(utc(1e19)).toBe('second 10000000000000000000')
  })
})

describe('text on a terminal', () => {
  it('makes what would steer the terminal visible', () => {
    expect(printable('a\u001b]0;evil\u0007b\u009b1m\u202egpj.exe')).toBe('a\\x1b]0;evil\\x07b\\x9b1m\\u202egpj.exe')
  })

  it('leaves letters of all languages alone', () => expect(printable('Zürich 東京 🙂')).toBe('Zürich 東京 🙂'))

  it('never cuts a character in two', () => expect(cut('ab🙂🙂🙂', 4)).toBe('ab🙂…'))

  it('wraps within the width and keeps every word', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(words, fc.nat(8), fc.nat(8), (list, indent, hanging) => {
        const lines = wrap(list.join(' '), indent, hanging)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
        expect(lines.join(' ').trim().split(/\s+/)).toEqual(list)
      }),
    )
  })

  it('lines up numbers to the right', () => {
    expect(
      table(
        [
          ['', 'NEW', 'all'],
          ['tcp', '1', '1,000'],
        ],
        2,
      ),
    ).toEqual(['       NEW    all', '  tcp    1  1,000'])
  })
})
