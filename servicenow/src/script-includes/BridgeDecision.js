/*
 * Script include: BridgeDecision
 * What the buttons Approve access and Deny access do on a ticket.
 */
var BridgeDecision = Class.create();
BridgeDecision.prototype = {
    initialize: function () {},

    /* Whether the buttons are shown: to approvers, on a ticket for an access request that is neither resolved nor closed. */
    offered: function (ticket) {
        return gs.hasRole('x_acbr_bridge.approver') &&
            /^Teleport .+ #\d+$/.test(ticket.getValue('correlation_display') || '') &&
            !/^[678]$/.test(ticket.getValue('state') || '');
    },

    /*
     * Makes a decision row, and tells the person so. The reason is what stands in Work notes and isn't saved: the row
     * keeps it, and the bridge notes it on the ticket. A denial without a reason is not taken.
     *
     * Answers the row's sys_id, or null where nothing was decided.
     */
    click: function (ticket, decision) {
        var reason = (ticket.getValue('work_notes') || '').replace(/^\s+|\s+$/g, '');
        var row = new GlideRecord('x_acbr_bridge_decision');
        var made = null;
        if (!gs.isInteractive() || !this.offered(ticket)) {
            gs.addErrorMessage('Only an approver decides, and only while the access request is open.');
            return null;
        }
        if (decision === 'rejected' && !reason) {
            gs.addErrorMessage('Write into Work notes why, then press Deny access again.');
            return null;
        }
        row.initialize();
        row.setValue('ticket', ticket.getUniqueValue());
        row.setValue('decision', decision);
        row.setValue('reason', reason);
        made = row.insert();
        if (!made) {
            gs.addErrorMessage('The decision was not taken. Ask your ServiceNow administrator to look at the system log.');
            return null;
        }
        gs.addInfoMessage(decision === 'approved' ? 'Access approved. Teleport is being told.' : 'Access denied. Teleport is being told.');
        return made;
    },

    type: 'BridgeDecision'
};
