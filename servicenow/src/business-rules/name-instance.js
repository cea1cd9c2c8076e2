/*
 * Business rule: Name instance
 * Table x_acbr_bridge_cluster, before insert.
 *
 * Notes on which instance the row was made. A clone brings the row along with its old name, and sends nothing.
 */
(function executeRule(current, previous) {
    if (!current.getValue('instance_name')) {
        current.setValue('instance_name', gs.getProperty('instance_name'));
    }
})(current, previous);
