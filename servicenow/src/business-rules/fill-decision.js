/*
 * Business rule: Fill decision
 * Table x_acbr_bridge_decision, before insert.
 *
 * The person says what is decided on which ticket, and why. Who that person is, and which access request of which
 * Teleport cluster the ticket stands for, is never taken from what was sent: it is filled in here, from the session
 * and from the ticket.
 */
(function executeRule(current, previous) {
    var decision = current.getValue('decision');
    var ticket = new GlideRecord('task');
    var marker = null;

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
    current.setValue('decided_by', gs.getUserID());
})(current, previous);
