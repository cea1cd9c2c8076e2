/*
 * Business rule: Fill decision
 * Table x_acbr_bridge_decision, before insert.
 *
 * The person says what is decided on which ticket, and why. Who that person is, and which access request of which
 * Teleport cluster the ticket stands for, is never taken from what was sent: it is filled in here, from the session
 * and from the ticket. A row that Record vote made is of whoever changed the approval last: in whose session that rule
 * runs says nothing.
 */
(function executeRule(current, previous) {
    var decision = current.getValue('decision');
    var approval = current.getValue('approval');
    var ticket = new GlideRecord('task');
    var marker = null;

    /* The user who changed the approval; empty for the platform's own names and for one that no user has. */
    function voter() {
        var vote = new GlideRecord('sysapproval_approver');
        var user = new GlideRecord('sys_user');
        var name = vote.get(approval) ? vote.getValue('sys_updated_by') : null;
        return name && name !== 'system' && name !== 'guest' && user.get('user_name', name) ? user.getUniqueValue() : '';
    }

    if (ticket.get(current.getValue('ticket'))) {
        marker = /^Teleport (.+) #\d+$/.exec(ticket.getValue('correlation_display') || '');
    }
    if (!marker || !ticket.getValue('correlation_id') || (decision !== 'approved' && decision !== 'rejected')) {
        gs.addErrorMessage('Choose approve or deny on a ticket that stands for a Teleport access request.');
        current.setAbortAction(true);
        return;
    }
    current.setValue('ticket_table', ticket.getValue('sys_class_name'));
    current.setValue('request_id', ticket.getValue('correlation_id'));
    current.setValue('cluster', new BridgeCluster().fullName(marker[1]));
    current.setValue('decided_by', approval ? voter() : gs.getUserID());
})(current, previous);
