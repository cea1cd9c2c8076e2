/*
 * UI action: Deny access
 * Table incident, on forms and in workspaces; shown where BridgeDecision.offered says so.
 *
 * What the approver has written into Work notes and not saved is the reason; without one nothing is decided. In a
 * workspace a dialog (workspace/deny-access.js) asks for it and puts it there.
 */
new BridgeDecision().click(current, 'rejected');
action.setRedirectURL(current);
