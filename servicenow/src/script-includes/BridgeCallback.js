/*
 * Script include: BridgeCallback
 * The signed message that says: a decision was made, look at it.
 */
var BridgeCallback = Class.create();
BridgeCallback.prototype = {
    MESSAGE: 'Access Bridge callback',
    TIMEOUT_MS: 10000,

    initialize: function () {},

    /*
     * Sends the callback for a decision row. Answers what to note as its delivery: the HTTP status, or why nothing was
     * sent or answered. Never throws. A resend keeps the event id and is signed anew.
     */
    send: function (decision) {
        var cluster = new BridgeCluster().find(decision.getValue('cluster'));
        var body = this.body(decision);
        if (!body) {
            return 'not sent: the ids on the decision are not of the expected form';
        }
        if (!cluster) {
            return 'not sent: no callback is configured for cluster ' + decision.getValue('cluster');
        }
        return this.deliver(cluster, 'decision', decision.getUniqueValue(), body);
    },

    /* Sends a signed test, which decides nothing, for a cluster's row. Answers as send does; 200 is good. */
    test: function (cluster) {
        return this.deliver(cluster, 'test', gs.generateGUID(), JSON.stringify({ test: true }));
    },

    deliver: function (cluster, method, eventId, body) {
        var instance = gs.getProperty('instance_name');
        if (cluster.getValue('instance_name') !== instance) {
            return 'not sent: the cluster is configured for instance ' + (cluster.getValue('instance_name') || '(none)') +
                ' and this is ' + instance;
        }
        try {
            var key = this.key(cluster.getValue('key_alias'));
            if (!key) {
                return 'not sent: the key alias of the cluster has no credential';
            }
            return this.post(method, cluster.getValue('callback_url'), key, eventId, body);
        } catch (error) {
            gs.error('Access Bridge: the callback ' + eventId + ' failed: ' + error.message);
            return 'no answer: ' + error.message;
        }
    },

    /*
     * The body, ids and decision only: plain ASCII without a dollar sign, so that neither character sets nor variable
     * substitution can change what was signed. Null where a value is not of its form.
     */
    body: function (decision) {
        var message = {
            table: decision.getValue('ticket_table'),
            sys_id: decision.getValue('ticket'),
            request_id: decision.getValue('request_id'),
            decision: decision.getValue('decision')
        };
        var good = /^[a-z0-9_]{1,80}$/.test(message.table || '') &&
            /^[0-9a-f]{32}$/.test(message.sys_id) &&
            /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(message.request_id) &&
            /^(approved|rejected)$/.test(message.decision);
        return good ? JSON.stringify(message) : null;
    },

    /* The shared key, Base64, from the credential behind the alias; null where there is none. */
    key: function (alias) {
        var credential = alias && new sn_cc.StandardCredentialsProvider().getCredentialByAliasID(alias);
        return credential ? credential.getAttribute('password') : null;
    },

    post: function (method, url, key, eventId, body) {
        var timestamp = String(Math.floor(new GlideDateTime().getNumericValue() / 1000));
        var signed = 'v1.' + timestamp + '.' + eventId + '.' + body;
        var signature = new CertificateEncryption().generateMac(key, 'HmacSHA256', signed);
        var request = new sn_ws.RESTMessageV2(this.MESSAGE, method);
        var response = null;
        request.setEndpoint(url);
        request.setRequestHeader('X-Bridge-Timestamp', timestamp);
        request.setRequestHeader('X-Bridge-Event-Id', eventId);
        request.setRequestHeader('X-Bridge-Signature', 'v1=' + signature);
        request.disableForcedVariableSubstitution();
        request.setRequestBody(body);
        request.setHttpTimeout(this.TIMEOUT_MS);
        /* The rule that calls this is asynchronous, so waiting here holds up nobody. */
        response = request.execute();
        return response.getStatusCode() ? String(response.getStatusCode()) : 'no answer: ' + response.getErrorMessage();
    },

    /* Notes how the last callback went. No other rule runs for that, so it can't start another callback. */
    recordDelivery: function (sysId, delivery) {
        var row = new GlideRecord('x_acbr_bridge_decision');
        if (row.get(sysId)) {
            row.setValue('delivery', delivery.substring(0, 100));
            row.setWorkflow(false);
            row.update();
        }
    },

    type: 'BridgeCallback'
};
