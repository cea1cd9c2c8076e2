/*
 * Business rule: Send decision
 * Table x_acbr_bridge_decision, async insert.
 *
 * Tells the bridge that there is a decision. The bridge reads the row itself before it believes anything. How the call
 * was answered stands in delivery.
 */
(function executeRule(current, previous) {
    var callback = new BridgeCallback();
    callback.recordDelivery(current.getUniqueValue(), callback.send(current));
})(current, previous);
