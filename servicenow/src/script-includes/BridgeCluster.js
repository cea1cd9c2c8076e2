/*
 * Script include: BridgeCluster
 * The Teleport clusters that this instance serves: table x_acbr_bridge_cluster.
 */
var BridgeCluster = Class.create();
BridgeCluster.prototype = {
    initialize: function () {},

    /*
     * The name of the cluster that a ticket's marker means. A long name is shortened in the marker and ends in an
     * ellipsis there; the name is then the one configured cluster that begins so. Without one: what the marker says.
     */
    fullName: function (marked) {
        var start = marked.replace(/(\u2026|\.\.\.)$/, '');
        var cluster = new GlideRecord('x_acbr_bridge_cluster');
        if (start === marked) {
            return marked;
        }
        cluster.addQuery('name', 'STARTSWITH', start);
        cluster.setLimit(2);
        cluster.query();
        if (!cluster.next()) {
            return marked;
        }
        var name = cluster.getValue('name');
        return cluster.next() ? marked : name;
    },

    /* The row of a cluster, or null. */
    find: function (name) {
        var cluster = new GlideRecord('x_acbr_bridge_cluster');
        return name && cluster.get('name', name) ? cluster : null;
    },

    type: 'BridgeCluster'
};
