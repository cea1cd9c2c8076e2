/*
 * UI action: Approve access
 * Table incident, on forms and in workspaces; shown where BridgeDecision.offered says so.
 *
 * What the approver has written into Work notes and not saved is taken as the reason; it may be empty.
 */
new BridgeDecision().click(current, 'approved');
action.setRedirectURL(current);
