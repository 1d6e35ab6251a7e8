/** Hooks in the order of the kernel's numbers. */
export const HOOK_PREROUTING = 0
export const HOOK_INPUT = 1
export const HOOK_FORWARD = 2
export const HOOK_OUTPUT = 3
export const HOOK_POSTROUTING = 4
export const HOOK_NAMES = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const
