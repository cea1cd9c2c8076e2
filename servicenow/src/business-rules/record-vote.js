/*
 * Business rule: Record vote
 * Table sysapproval_approver, async update. Filter condition: state changes, state is approved or rejected, and
 * sysapproval.correlation_display starts with Teleport.
 *
 * Makes a decision row of a vote on an approval of a ticket that stands for a Teleport access request. Whose vote it was
 * is for Fill decision to find out. An asynchronous rule may run twice and sees the approval as it is by then: a row that
 * was made since the approval last changed tells of this vote already. And what a time-out, a flow or another person said
 * last doesn't become somebody's vote because he changes something else on the approval. All times are UTC.
 */
(function executeRule(current, previous) {
    var decision = current.getValue('state');
    var row = new GlideRecord('x_acbr_bridge_decision');
    var voter = new GlideRecord('sys_user');
    var latest = null;

    if (decision !== 'approved' && decision !== 'rejected') {
        return;
    }
    row.addQuery('approval', current.getUniqueValue());
    row.orderByDesc('sys_created_on');
    row.query();
    while (row.next()) {
        latest = latest || { decision: row.getValue('decision'), by: row.getValue('decided_by') };
        if (row.getValue('decision') === decision && row.getValue('sys_created_on') >= current.getValue('sys_updated_on')) {
            return;
        }
    }
    if (latest && latest.decision === decision) {
        if (!voter.get('user_name', current.getValue('sys_updated_by')) || voter.getUniqueValue() !== latest.by) {
            return;
        }
    }
    row = new GlideRecord('x_acbr_bridge_decision');
    row.initialize();
    row.setValue('ticket', current.getValue('sysapproval'));
    row.setValue('decision', decision);
    row.setValue('approval', current.getUniqueValue());
    row.insert();
})(current, previous);
