import type { TargetExtension } from '../extension.ts'
import type { Family } from '../packet/rule-environment.ts'
import { audit } from './audit.ts'
import { classify } from './classify.ts'
import { connmark } from './connmark.ts'
import { ct, notrack } from './ct.ts'
import { dscp } from './dscp.ts'
import { ecn } from './ecn.ts'
import { clusterip, ulog } from './gone.ts'
import { hmark } from './hmark.ts'
import { idletimer } from './idletimer.ts'
import { led } from './led.ts'
import { log } from './log.ts'
import { mark } from './mark.ts'
import { NAT_TARGETS } from './nat.ts'
import { nflog } from './nflog.ts'
import { nfqueue, queue } from './nfqueue.ts'
import { dnpt, snpt } from './npt.ts'
import { rateest } from './rateest.ts'
import { reject } from './reject.ts'
import { connsecmark, secmark } from './security-marks.ts'
import { set } from './set.ts'
import { checksum, trace } from './simple.ts'
import { synproxy } from './synproxy.ts'
import { tcpmss } from './tcpmss.ts'
import { tcpoptstrip } from './tcpoptstrip.ts'
import { tee } from './tee.ts'
import { tos } from './tos.ts'
import { tproxy } from './tproxy.ts'
import { hl, ttl } from './ttl.ts'

/**
 * Every target besides ACCEPT, DROP, RETURN and chains.
 *
 * A new target is one file here and one line in this list. The file exports a TargetExtension: its name, its options
 * (as in matches/registry.ts), what it needs (family, tables, hooks, protocols), and `parse`, which returns what
 * iptables-save prints after the name, and the action (evaluate/action.ts) that is done to a packet.
 */
export const TARGETS: readonly TargetExtension[] = [
  audit,
  checksum,
  classify,
  clusterip,
  connmark,
  connsecmark,
  ct,
  dnpt,
  dscp,
  ecn,
  hl,
  hmark,
  idletimer,
  led,
  log,
  mark,
  nflog,
  nfqueue,
  notrack,
  queue,
  rateest,
  reject,
  secmark,
  set,
  snpt,
  synproxy,
  tcpmss,
  tcpoptstrip,
  tee,
  tos,
  tproxy,
  trace,
  ttl,
  ulog,
  ...NAT_TARGETS,
]

/** @param name as after `-j` */
export function findTarget(name: string, family: Family): TargetExtension | undefined {
  return TARGETS.find((target) => target.name === name && (target.family ?? family) === family)
}
