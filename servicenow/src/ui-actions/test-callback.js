/*
 * UI action: Test callback
 * Table x_acbr_bridge_cluster.
 */
gs.addInfoMessage('The callback was answered: ' + new BridgeCallback().test(current) + ' (200 is good)');
action.setRedirectURL(current);
