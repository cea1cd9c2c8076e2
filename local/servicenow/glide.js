/*
 * Stand-ins for the server-side classes that ServiceNow gives to scripts, as far as its documentation describes them.
 * call_python reaches glide.py. `scope` holds the session and, for a business rule, the row.
 */
var Class = {
    create: function () {
        return function () {
            this.initialize.apply(this, arguments);
        };
    }
};

var gs = {
    getUserID: function () { return scope.user_id; },
    getUserName: function () { return scope.user_name; },
    hasRole: function (name) { return scope.roles.indexOf(name) >= 0 || scope.roles.indexOf('admin') >= 0; },
    isInteractive: function () { return scope.interactive; },
    getProperty: function (name) { return call_python('property', name); },
    generateGUID: function () { return call_python('guid'); },
    addInfoMessage: function (text) { call_python('info_message', String(text)); },
    addErrorMessage: function (text) { call_python('error_message', String(text)); },
    info: function (text) { call_python('log', 'info', String(text)); },
    warn: function (text) { call_python('log', 'warn', String(text)); },
    error: function (text) { call_python('log', 'error', String(text)); }
};

function GlideRecord(table) {
    this._table = table;
    this._terms = [];
    this._limit = 0;
    this._rows = [];
    this._row = null;
    this._changes = {};
    this._aborted = false;
}
GlideRecord.prototype = {
    get: function (nameOrId, value) {
        this._row = call_python('get', this._table, arguments.length > 1 ? nameOrId : 'sys_id', arguments.length > 1 ? value : nameOrId);
        return this._row !== null && this._row !== undefined;
    },
    addQuery: function (name, operator, value) {
        this._terms.push(arguments.length > 2 ? name + operator + value : name + '=' + operator);
    },
    addEncodedQuery: function (encoded) { this._terms.push(encoded); },
    orderByDesc: function (name) { this._terms.push('ORDERBYDESC' + name); },
    setLimit: function (limit) { this._limit = limit; },
    query: function () { this._rows = call_python('query', this._table, this._terms.join('^'), this._limit); },
    next: function () {
        this._row = this._rows.length ? this._rows.shift() : null;
        this._changes = {};
        return this._row !== null;
    },
    initialize: function () {
        this._row = call_python('blank', this._table);
        this._changes = {};
    },
    insert: function () { return call_python('insert', this._table, this._changes); },
    getTableName: function () { return this._table; },
    getUniqueValue: function () { return this._row.sys_id; },
    getValue: function (name) { return this._row && this._row[name] ? this._row[name] : null; },
    setValue: function (name, value) {
        if (Object.prototype.hasOwnProperty.call(this._row, name)) {
            this._row[name] = this._changes[name] = value === null || value === undefined ? '' : String(value);
        }
    },
    setWorkflow: function () {},
    setAbortAction: function (abort) { this._aborted = abort; },
    update: function () { return call_python('update', this._table, this._row.sys_id, this._changes); }
};

function GlideDateTime() {
    this._ms = call_python('now');
}
GlideDateTime.prototype = {
    getNumericValue: function () { return this._ms; }
};

function CertificateEncryption() {}
CertificateEncryption.prototype = {
    generateMac: function (key, algorithm, data) {
        var answer = call_python('mac', key, algorithm, data);
        if (answer.error) { throw new Error(answer.error); }
        return answer.mac;
    }
};

var sn_cc = {
    StandardCredentialsProvider: function () {}
};
sn_cc.StandardCredentialsProvider.prototype = {
    getCredentialByAliasID: function (alias) {
        var found = call_python('credential', alias);
        if (!found) { return null; }
        return { getAttribute: function (name) { return name === 'password' ? found.password : null; } };
    }
};

var sn_ws = {
    RESTMessageV2: function (name, method) {
        var found = arguments.length ? call_python('rest_method', name, method) : { method: 'get', url: '', headers: {}, body: '' };
        if (!found) { throw new Error('REST message ' + name + ' with HTTP method ' + method + ' not found'); }
        this._request = found;
        this._request.timeout_ms = 175000;
        this._request.substitute = true;
    }
};
sn_ws.RESTMessageV2.prototype = {
    setEndpoint: function (url) { this._request.url = url; },
    setHttpMethod: function (method) { this._request.method = method; },
    setRequestHeader: function (name, value) { this._request.headers[name] = String(value); },
    setRequestBody: function (body) { this._request.body = body; },
    setHttpTimeout: function (ms) { this._request.timeout_ms = ms; },
    disableForcedVariableSubstitution: function () { this._request.substitute = false; },
    execute: function () {
        var answer = call_python('send', this._request);
        if (answer.error) { throw new Error(answer.error); }
        return {
            getStatusCode: function () { return answer.status; },
            getBody: function () { return answer.body; },
            haveError: function () { return !answer.status || answer.status >= 400; },
            getErrorMessage: function () { return answer.status >= 400 ? 'HTTP ' + answer.status : answer.problem; }
        };
    }
};

var current = new GlideRecord(scope.table);
var previous = null;
current._row = scope.row;
var action = { setRedirectURL: function () {} };
