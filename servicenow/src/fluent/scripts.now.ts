import { BusinessRule, ScriptInclude } from '@servicenow/sdk/core'

ScriptInclude({
    $id: Now.ID['bridge_cluster'],
    name: 'BridgeCluster',
    description: 'The Teleport clusters that this instance serves.',
    script: Now.include('../script-includes/BridgeCluster.js'),
    accessibleFrom: 'package_private',
    active: true,
})

ScriptInclude({
    $id: Now.ID['bridge_callback'],
    name: 'BridgeCallback',
    description: 'The signed message that says: a decision was made, look at it.',
    script: Now.include('../script-includes/BridgeCallback.js'),
    accessibleFrom: 'package_private',
    active: true,
})

ScriptInclude({
    $id: Now.ID['bridge_decision'],
    name: 'BridgeDecision',
    description: 'What the buttons on a ticket do.',
    script: Now.include('../script-includes/BridgeDecision.js'),
    accessibleFrom: 'package_private',
    active: true,
})

BusinessRule({
    $id: Now.ID['fill_decision'],
    name: 'Fill decision',
    description: 'Fills in who decided, and which access request the ticket stands for.',
    table: 'x_acbr_bridge_decision',
    when: 'before',
    action: ['insert'],
    order: 100,
    script: Now.include('../business-rules/fill-decision.js'),
    active: true,
})

BusinessRule({
    $id: Now.ID['send_decision'],
    name: 'Send decision',
    description: 'Sends the callback for a decision.',
    table: 'x_acbr_bridge_decision',
    when: 'async',
    action: ['insert'],
    order: 100,
    script: Now.include('../business-rules/send-decision.js'),
    active: true,
})

BusinessRule({
    $id: Now.ID['record_vote'],
    name: 'Record vote',
    description: 'Makes a decision of a vote on an approval of a ticket that stands for an access request.',
    table: 'sysapproval_approver',
    when: 'async',
    action: ['update'],
    order: 500,
    filterCondition:
        'stateVALCHANGES^stateINapproved,rejected^sysapproval.correlation_displaySTARTSWITHTeleport^EQ',
    script: Now.include('../business-rules/record-vote.js'),
    active: true,
})

BusinessRule({
    $id: Now.ID['name_instance'],
    name: 'Name instance',
    description: 'Notes on a cluster which instance it was made for, so that a clone sends nothing.',
    table: 'x_acbr_bridge_cluster',
    when: 'before',
    action: ['insert'],
    order: 100,
    script: Now.include('../business-rules/name-instance.js'),
    active: true,
})
