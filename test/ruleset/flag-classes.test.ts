import { expect, it } from 'vitest'
import { commonFlagClasses } from '../../src/ruleset/evaluate/flag-classes.ts'
import { compile, filter } from './support.ts'

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const PSH = 0x08
const ACK = 0x10
const URG = 0x20

function classesOf(...matches: string[]): Uint8Array {
  return compile(filter(...matches.map((match) => `-A FORWARD -p tcp ${match} -j DROP`))).flagClasses
}

it('all flags are one class where no rule looks at them', () => {
  expect(new Set(classesOf('--dport 80'))).toEqual(new Set([0]))
})

it('a class is what gets the same answers from every rule', () => {
  const classes = classesOf('--syn', '--tcp-flags ALL FIN,PSH,URG')
  expect(new Set(classes).size).toBe(3)
  expect(classes[SYN]).toBe(classes[SYN | PSH])
  expect(classes[ACK]).toBe(classes[ACK | PSH])
  expect(classes[FIN | PSH | URG]).toBe(FIN | PSH | URG)
  expect(classes[FIN | PSH | URG | ACK]).toBe(classes[ACK])
  expect(classes[SYN | RST]).toBe(classes[ACK])
})

it('what one ruleset tells apart stays apart beside another', () => {
  const classes = commonFlagClasses(classesOf('--tcp-flags SYN SYN'), classesOf('! --tcp-flags RST RST'))
  expect(new Set([0, SYN, RST, SYN | RST].map((flags) => classes[flags])).size).toBe(4)
  expect(classes[ACK | PSH]).toBe(classes[0])
})
