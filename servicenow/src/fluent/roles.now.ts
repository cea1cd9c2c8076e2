import { Role } from '@servicenow/sdk/core'

export const approver = Role({
    name: 'x_acbr_bridge.approver',
    description: 'Decides on Teleport access requests. For people.',
})

export const tickets = Role({
    name: 'x_acbr_bridge.tickets',
    description: 'Notes on a decision what became of it. For the account that writes the tickets.',
})

export const decisions = Role({
    name: 'x_acbr_bridge.decisions',
    description: 'Reads decisions. For the account that takes them to Teleport.',
})
