import { Acl } from '@servicenow/sdk/core'
import { approver, decisions, tickets } from './roles.now'

// No admin overrides on a decision: a row that anybody else could make or change would be a decision in somebody's name.
// "Nobody" is the role of the platform itself, which no user has.
const nobody = ['nobody']

Acl({
    $id: Now.ID['decision_create'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    operation: 'create',
    roles: [approver],
    script: Now.include('../acls/interactive.js'),
    description: 'An approver makes decisions, in a session of his own and never over a web service.',
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_create_ticket'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: 'ticket',
    operation: 'create',
    roles: [approver],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_create_decision'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: 'decision',
    operation: 'create',
    roles: [approver],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_create_reason'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: 'reason',
    operation: 'create',
    roles: [approver],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_create_any'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: '*',
    operation: 'create',
    roles: nobody,
    description: 'What is left, the rule Fill decision fills in; scripts on the server are not bound by this.',
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_read'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    operation: 'read',
    roles: [approver, tickets, decisions],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_read_any'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: '*',
    operation: 'read',
    roles: [approver, tickets, decisions],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_write'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    operation: 'write',
    roles: [tickets],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_write_outcome'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: 'outcome',
    operation: 'write',
    roles: [tickets],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_write_outcome_detail'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: 'outcome_detail',
    operation: 'write',
    roles: [tickets],
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_write_any'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    field: '*',
    operation: 'write',
    roles: nobody,
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['decision_delete'],
    type: 'record',
    table: 'x_acbr_bridge_decision',
    operation: 'delete',
    roles: nobody,
    adminOverrides: false,
    active: true,
})

Acl({
    $id: Now.ID['cluster_read'],
    type: 'record',
    table: 'x_acbr_bridge_cluster',
    operation: 'read',
    roles: ['admin'],
    active: true,
})

Acl({
    $id: Now.ID['cluster_create'],
    type: 'record',
    table: 'x_acbr_bridge_cluster',
    operation: 'create',
    roles: ['admin'],
    active: true,
})

Acl({
    $id: Now.ID['cluster_write'],
    type: 'record',
    table: 'x_acbr_bridge_cluster',
    operation: 'write',
    roles: ['admin'],
    active: true,
})

Acl({
    $id: Now.ID['cluster_delete'],
    type: 'record',
    table: 'x_acbr_bridge_cluster',
    operation: 'delete',
    roles: ['admin'],
    active: true,
})
