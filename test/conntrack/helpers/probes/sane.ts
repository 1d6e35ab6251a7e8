import { be16, be32, concat, tcp } from '../../../support/packets.ts'
import { Talk } from '../talk.ts'
import { A, B, type HelperProbe } from './probe.ts'

const PATH = `${A}:1000>${B}:6566`
const request = (code: number) => concat(be32(code, 3))
const reply = (status: number, zero = 0, port = 2000) => concat(be32(status), be16(zero, port), be32(0x1234))
const DATA = tcp(`${A}:1001>${B}:2000`, 'S')
const asked = (...replies: Uint8Array[]) => {
  const talk = new Talk(PATH).client(request(7))
  for (const one of replies) talk.server(one)
  return talk.also(DATA).packets
}

export const SANE_PROBES: readonly HelperProbe[] = [
  { name: 'sane: start and its reply', packets: asked(reply(0)) },
  { name: 'sane: two replies', packets: asked(reply(0), reply(0, 0, 2001)) },
  { name: 'sane: a failure', packets: asked(reply(5), reply(0)) },
  { name: 'sane: something else than zero', packets: asked(reply(0, 1)) },
  { name: 'sane: a short reply', packets: asked(reply(0).slice(0, 7), reply(0)) },
  { name: 'sane: the shortest reply', packets: asked(reply(0).slice(0, 8)) },
  { name: 'sane: another request', packets: new Talk(PATH).client(request(6)).server(reply(0)).also(DATA).packets },
  {
    name: 'sane: a request of another length does not count',
    packets: new Talk(PATH).client(request(7)).client('abcd').server(reply(0)).also(DATA).packets,
  },
  {
    name: 'sane: another request in between',
    packets: new Talk(PATH).client(request(7)).client(request(6)).server(reply(0)).also(DATA).packets,
  },
]
