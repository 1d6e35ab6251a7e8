import { FTP_PROBES } from './ftp.ts'
import type { HelperProbe } from './probe.ts'
import { TFTP_PROBES } from './tftp.ts'

export const HELPER_PROBES: readonly HelperProbe[] = [...FTP_PROBES, ...TFTP_PROBES]
