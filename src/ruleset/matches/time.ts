import type { CallCondition } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { numberOf } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

const DAY = 86_400
const DAY_END = DAY - 1
const DATE_MAX = 0x7fff_ffff
/** Bits 1 to 31, and 1 (Monday) to 7. */
const ALL_MONTH_DAYS = 0xffff_fffe
const ALL_WEEK_DAYS = 0xfe
const WEEK_DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

/** When a packet came, by the capture's clock, in UTC. */
export const time: MatchExtension = {
  name: 'time',
  options: [
    ...['datestart', 'datestop', 'timestart', 'timestop'].map((name) => ({ name })),
    { name: 'contiguous', values: 0 },
    { name: 'weekdays', negatable: true },
    { name: 'monthdays', negatable: true },
    { name: 'localtz', values: 0 },
    { name: 'utc', values: 0 },
    { name: 'kerneltz', values: 0 },
  ],
  parse: parseTime,
}

interface TimeRule {
  readonly dateStart: number
  readonly dateStop: number
  readonly dayStart: number
  readonly dayStop: number
  readonly weekDays: number
  readonly monthDays: number
  readonly contiguous: boolean
  readonly kernelZone: boolean
}

function parseTime(options: Options): Match {
  const date = (name: string, fallback: number): number => {
    const token = options.value(name)
    return token ? parseDate(token) : fallback
  }
  const clock = (name: string, fallback: number): number => {
    const token = options.value(name)
    return token ? parseClock(token) : fallback
  }
  const zone = options.oneOf(['localtz', 'kerneltz', 'utc'])
  const rule: TimeRule = {
    dateStart: date('datestart', 0),
    dateStop: date('datestop', DATE_MAX),
    dayStart: clock('timestart', 0),
    dayStop: clock('timestop', DAY_END),
    weekDays: days(options, 'weekdays', ALL_WEEK_DAYS, parseWeekDays),
    monthDays: days(options, 'monthdays', ALL_MONTH_DAYS, parseMonthDays),
    contiguous: options.has('contiguous'),
    kernelZone: zone !== undefined && zone.spec.name !== 'utc',
  }
  const contiguous = options.get('contiguous')
  if (contiguous && rule.dayStart < rule.dayStop) {
    throw new Refusal(
      contiguous.at,
      '--contiguous makes sense only where --timestop is not after --timestart; take it away',
    )
  }
  const text = printTime(rule)
  const condition: CallCondition = {
    kind: 'call',
    label: text,
    negated: false,
    create: () => ({ test: (packet) => Number(isWithin(rule, packet)) }),
  }
  return { print: () => text, conditions: () => [condition], asksForKernelZone: rule.kernelZone }
}

/** The kernel's time zone is taken for UTC: it is where nobody has set it. */
function isWithin(rule: TimeRule, packet: RulePacket): boolean {
  const now = packet.epochSeconds
  if (now < rule.dateStart || now > rule.dateStop) return false
  const clock = ((now % DAY) + DAY) % DAY
  let day = Math.floor(now / DAY)
  if (rule.dayStart < rule.dayStop) {
    if (clock < rule.dayStart || clock > rule.dayStop) return false
  } else {
    if (clock < rule.dayStart && clock > rule.dayStop) return false
    // The hours after midnight belong to the day before.
    if (rule.contiguous && clock <= rule.dayStop) day--
  }
  const weekDay = (((day + 3) % 7) + 7) % 7
  if ((rule.weekDays & (2 << weekDay)) === 0) return false
  return rule.monthDays === ALL_MONTH_DAYS || (rule.monthDays & (1 << dayOfMonth(day))) !== 0
}

/** @param day days since 1970-01-01 (the civil calendar, in years that begin in March) */
function dayOfMonth(day: number): number {
  const shifted = day + 719_468
  const dayOfEra = ((shifted % 146_097) + 146_097) % 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  return dayOfYear - Math.floor((153 * month + 2) / 5) + 1
}

/** `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`, UTC. */
function parseDate(token: Token): number {
  const parts =
    /^[ \t]*\+?0*([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2})(?:T(?:([0-9]{1,2})(?::([0-9]{1,2})(?::([0-9]{1,2}))?)?)?)?)?)?$/.exec(
      token.text,
    )
  const numbers = (parts ?? []).slice(1).map((text) => (text === undefined ? null : Number.parseInt(text, 10)))
  const [year, month, day, hour, minute, second] = numbers
  const sound =
    parts !== null &&
    (year ?? 0) >= 1970 &&
    (year ?? 0) <= 2038 &&
    inRange(month, 1, 12) &&
    inRange(day, 1, 31) &&
    inRange(hour, 0, 23) &&
    inRange(minute, 0, 59) &&
    inRange(second, 0, 59)
  if (!sound) {
    throw new Refusal(token, `"${token.text}" is not a date; write YYYY-MM-DDThh:mm:ss, from 1970 to 2038`)
  }
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0) / 1000
}

function inRange(value: number | null | undefined, low: number, high: number): boolean {
  return value === null || value === undefined || (value >= low && value <= high)
}

/** `hh:mm[:ss]`, decimal even after a 0; an empty number is 0. */
function parseClock(token: Token): number {
  const parts = token.text.split(':')
  const [hours, minutes, seconds = 0] = parts.map((part) =>
    /^[ \t]*\+?[0-9]{0,19}$/.test(part) ? Number(BigInt.asUintN(32, BigInt(part))) : Number.NaN,
  )
  if (!(parts.length >= 2 && parts.length <= 3 && hours <= 23 && minutes <= 59 && seconds <= 59)) {
    throw new Refusal(token, `"${token.text}" is not a time of day; write hh:mm or hh:mm:ss`)
  }
  return hours * 3600 + minutes * 60 + seconds
}

function days(options: Options, name: string, all: number, parse: (token: Token) => number): number {
  const use = options.get(name)
  if (!use) return all
  const bits = parse(use.values[0])
  return (use.negated ? all ^ bits : bits) >>> 0
}

/** Names begin with two letters as printed: `Mo`, `Mon`, `Monday`. Numbers over 7, and negative ones, name no day. */
function parseWeekDays(token: Token): number {
  let bits = 0
  if (token.text === '') return bits
  for (const word of token.text.replace(/,$/, '').split(',')) {
    const digits = word.slice(0, 3)
    const number = /^-[0-9]/.test(word) ? numberOf(digits.replace('-', '8')) : numberOf(digits)
    const day = number ?? WEEK_DAYS.findIndex((name) => word.startsWith(name.slice(0, 2))) + 1
    if (day === 0)
      throw new Refusal(partOf(token, word), `"${word}" is not a day of the week; write Mon to Sun, or 1 to 7`)
    // iptables shifts by the number as it is, of which the machine takes five bits.
    if (day % 32 <= 7) bits |= (1 << (day % 32)) & ALL_WEEK_DAYS
  }
  return bits
}

/** Two digits each: what follows them is passed over, as iptables does. 0 names no day, but has a bit. */
function parseMonthDays(token: Token): number {
  let bits = 0
  for (const word of token.text.split(',').filter((one) => one !== '')) {
    const text = word.trimStart().slice(0, 2)
    const day = numberOf(text)
    if (day === null || day > 31) {
      throw new Refusal(partOf(token, word), `"${word}" is not a day of the month; write 1 to 31`)
    }
    bits |= 1 << day
  }
  return bits
}

function printTime(rule: TimeRule): string {
  const parts: string[] = []
  if (rule.dayStart !== 0 || rule.dayStop !== DAY_END) {
    parts.push(`--timestart ${printClock(rule.dayStart)} --timestop ${printClock(rule.dayStop)}`)
  }
  if (rule.monthDays !== ALL_MONTH_DAYS) {
    const numbers = Array.from({ length: 31 }, (_, index) => index + 1).filter((day) => rule.monthDays & (1 << day))
    parts.push(`--monthdays ${numbers.join(',')}`)
  }
  if (rule.weekDays !== ALL_WEEK_DAYS) {
    parts.push(`--weekdays ${WEEK_DAYS.filter((_, index) => rule.weekDays & (2 << index)).join(',')}`)
  }
  if (rule.dateStart !== 0) parts.push(printOption('datestart', printDate(rule.dateStart)))
  parts.push(printOption('datestop', printDate(rule.dateStop)))
  if (rule.kernelZone) parts.push('--kerneltz')
  if (rule.contiguous) parts.push('--contiguous')
  return parts.join(' ')
}

function printClock(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(11, 19)
}

function printDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19)
}
