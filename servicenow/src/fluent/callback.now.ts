import { Alias, CrossScopePrivilege, RestMessage } from '@servicenow/sdk/core'

// The address is that of the cluster's row, the three X-Bridge headers and the body are what BridgeCallback signs. What
// stands here shows an administrator what is sent; nothing answers at the address that it names.
RestMessage({
    $id: Now.ID['callback'],
    name: 'Access Bridge callback',
    description: 'Says that a decision was made. BridgeCallback sets address, signature and body.',
    endpoint: 'https://callback.invalid/servicenow/decisions',
    authenticationType: 'noAuthentication',
    access: 'packagePrivate',
    functions: [
        {
            name: 'decision',
            httpMethod: 'POST',
            endpoint: 'https://callback.invalid/servicenow/decisions',
            authenticationType: 'noAuthentication',
            content:
                '{"table":"incident","sys_id":"<32 hex digits>","request_id":"<UUID>","decision":"approved or rejected"}',
            headers: [
                { $id: Now.ID['callback_decision_type'], name: 'Content-Type', value: 'application/json; charset=utf-8' },
            ],
        },
        {
            name: 'test',
            httpMethod: 'POST',
            endpoint: 'https://callback.invalid/servicenow/decisions',
            authenticationType: 'noAuthentication',
            content: '{"test":true}',
            headers: [
                { $id: Now.ID['callback_test_type'], name: 'Content-Type', value: 'application/json; charset=utf-8' },
            ],
        },
    ],
})

// A cluster names the alias whose credential is its key; a second cluster needs one of its own.
Alias({
    $id: Now.ID['callback_key'],
    name: 'Access Bridge callback key',
    type: 'credential',
    description: 'The key that signs callbacks: the password of a Basic Auth credential.',
})

CrossScopePrivilege({
    $id: Now.ID['read_task'],
    operation: 'read',
    status: 'allowed',
    targetName: 'task',
    targetScope: 'global',
    targetType: 'sys_db_object',
})

CrossScopePrivilege({
    $id: Now.ID['read_incident'],
    operation: 'read',
    status: 'allowed',
    targetName: 'incident',
    targetScope: 'global',
    targetType: 'sys_db_object',
})

CrossScopePrivilege({
    $id: Now.ID['read_approval'],
    operation: 'read',
    status: 'allowed',
    targetName: 'sysapproval_approver',
    targetScope: 'global',
    targetType: 'sys_db_object',
})

CrossScopePrivilege({
    $id: Now.ID['read_user'],
    operation: 'read',
    status: 'allowed',
    targetName: 'sys_user',
    targetScope: 'global',
    targetType: 'sys_db_object',
})

CrossScopePrivilege({
    $id: Now.ID['sign'],
    operation: 'execute',
    status: 'allowed',
    targetName: 'CertificateEncryption',
    targetScope: 'global',
    targetType: 'scriptable',
})
