import { ChoiceColumn, ReferenceColumn, StringColumn, Table } from '@servicenow/sdk/core'

export const x_acbr_bridge_decision = Table({
    name: 'x_acbr_bridge_decision',
    label: 'Access Bridge decision',
    schema: {
        ticket: ReferenceColumn({ label: 'Ticket', referenceTable: 'task', cascadeRule: 'none', mandatory: true }),
        decision: ChoiceColumn({
            label: 'Decision',
            mandatory: true,
            dropdown: 'dropdown_with_none',
            choices: {
                approved: { label: 'Approved', sequence: 1 },
                rejected: { label: 'Rejected', sequence: 2 },
            },
        }),
        reason: StringColumn({ label: 'Reason', maxLength: 4000 }),
        approval: ReferenceColumn({ label: 'Approval', referenceTable: 'sysapproval_approver', cascadeRule: 'none' }),
        ticket_table: StringColumn({ label: 'Ticket table', maxLength: 80 }),
        request_id: StringColumn({ label: 'Request ID', maxLength: 100 }),
        cluster: StringColumn({ label: 'Cluster', maxLength: 255 }),
        decided_by: ReferenceColumn({ label: 'Decided by', referenceTable: 'sys_user', cascadeRule: 'none' }),
        delivery: StringColumn({ label: 'Delivery', maxLength: 100 }),
        outcome: StringColumn({ label: 'Outcome', maxLength: 40 }),
        outcome_detail: StringColumn({ label: 'Outcome detail', maxLength: 1000 }),
    },
    index: [{ name: 'ticket', unique: false, element: 'ticket' }],
    accessibleFrom: 'public',
    actions: ['read', 'update'],
    allowWebServiceAccess: true,
    createAccessControls: false,
})

export const x_acbr_bridge_cluster = Table({
    name: 'x_acbr_bridge_cluster',
    label: 'Access Bridge cluster',
    display: 'name',
    schema: {
        name: StringColumn({ label: 'Name', maxLength: 255, mandatory: true }),
        callback_url: StringColumn({ label: 'Callback URL', maxLength: 1024, mandatory: true }),
        key_alias: ReferenceColumn({ label: 'Key alias', referenceTable: 'sys_alias', cascadeRule: 'none' }),
        instance_name: StringColumn({ label: 'Instance name', maxLength: 80 }),
    },
    accessibleFrom: 'public',
    actions: ['read', 'create', 'update', 'delete'],
    allowWebServiceAccess: true,
    createAccessControls: false,
})
