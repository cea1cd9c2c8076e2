import { UiAction } from '@servicenow/sdk/core'
import { approver } from './roles.now'

UiAction({
    $id: Now.ID['approve_access'],
    table: 'incident',
    name: 'Approve access',
    actionName: 'x_acbr_bridge_approve',
    hint: 'Grant the Teleport access request. What is written in Work notes is taken as the reason',
    condition: 'new x_acbr_bridge.BridgeDecision().offered(current)',
    roles: [approver],
    active: true,
    order: 100,
    showInsert: false,
    showUpdate: true,
    form: { showButton: true, style: 'primary' },
    workspace: { isConfigurableWorkspace: true, showFormButtonV2: true },
    script: Now.include('../ui-actions/approve-access.js'),
})

UiAction({
    $id: Now.ID['deny_access'],
    table: 'incident',
    name: 'Deny access',
    actionName: 'x_acbr_bridge_deny',
    hint: 'Deny the Teleport access request. Write the reason into Work notes first',
    condition: 'new x_acbr_bridge.BridgeDecision().offered(current)',
    roles: [approver],
    active: true,
    order: 101,
    showInsert: false,
    showUpdate: true,
    form: { showButton: true, style: 'destructive' },
    script: Now.include('../ui-actions/deny-access.js'),
})

// A workspace asks for the reason in a dialog: what is being written there as a note is not on the form.
UiAction({
    $id: Now.ID['deny_access_workspace'],
    table: 'incident',
    name: 'Deny access',
    actionName: 'x_acbr_bridge_deny_workspace',
    hint: 'Deny the Teleport access request',
    condition: 'new x_acbr_bridge.BridgeDecision().offered(current)',
    roles: [approver],
    active: true,
    order: 101,
    showInsert: false,
    showUpdate: true,
    client: { isClient: true },
    form: { showButton: false, style: 'destructive' },
    workspace: {
        isConfigurableWorkspace: true,
        showFormButtonV2: true,
        clientScriptV2: Now.include('../workspace/deny-access.js'),
    },
    script: Now.include('../ui-actions/deny-access.js'),
})

UiAction({
    $id: Now.ID['test_callback'],
    table: 'x_acbr_bridge_cluster',
    name: 'Test callback',
    actionName: 'x_acbr_bridge_test',
    hint: 'Send a signed test message to the callback address',
    roles: ['admin'],
    active: true,
    order: 100,
    showInsert: false,
    showUpdate: true,
    form: { showButton: true, style: 'unstyled' },
    script: Now.include('../ui-actions/test-callback.js'),
})
