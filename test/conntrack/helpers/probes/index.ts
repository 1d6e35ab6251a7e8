import { AMANDA_PROBES } from './amanda.ts'
import { BROADCAST_PROBES } from './broadcast.ts'
import { FTP_PROBES } from './ftp.ts'
import { H323_PROBES } from './h323.ts'
import { IRC_PROBES } from './irc.ts'
import { NAT_FTP_PROBES } from './nat-ftp.ts'
import { NAT_H323_PROBES } from './nat-h323.ts'
import { NAT_OTHERS_PROBES } from './nat-others.ts'
import { NAT_SIP_PROBES } from './nat-sip.ts'
import { PPTP_PROBES } from './pptp.ts'
import type { HelperProbe } from './probe.ts'
import { SANE_PROBES } from './sane.ts'
import { SIP_PROBES } from './sip.ts'
import { TFTP_PROBES } from './tftp.ts'

export const HELPER_PROBES: readonly HelperProbe[] = [
  ...AMANDA_PROBES,
  ...BROADCAST_PROBES,
  ...FTP_PROBES,
  ...H323_PROBES,
  ...IRC_PROBES,
  ...NAT_FTP_PROBES,
  ...NAT_H323_PROBES,
  ...NAT_OTHERS_PROBES,
  ...NAT_SIP_PROBES,
  ...PPTP_PROBES,
  ...SANE_PROBES,
  ...SIP_PROBES,
  ...TFTP_PROBES,
]
