"""Tables that administrators work with: applications, roles, access controls, scripts, credentials and properties.

Only the columns that somebody here reads or writes. `discovery_credentials.tag` is the column *Credential alias*.
"""

from typing import Final

from local.servicenow.dictionary import Field, Table, boolean, reference, table, text

PLATFORM_TABLES: Final[tuple[Table, ...]] = (
    table("sys_scope", "name", text("name", 100), text("scope", 18), text("version"), boolean("active", "true")),
    table("sys_db_object", "label", text("name", 80), text("label", 80)),
    table("sys_user_role", "name", text("name", 100)),
    table(
        "sys_user_has_role",
        "sys_id",
        reference("user", "sys_user"),
        reference("role", "sys_user_role"),
        boolean("inherited"),
        text("state", 40, "active"),
    ),
    table(
        "sys_group_has_role",
        "sys_id",
        reference("group", "sys_user_group"),
        reference("role", "sys_user_role"),
        boolean("inherits", "true"),
    ),
    table(
        "sys_security_acl",
        "name",
        text("name", 255),
        text("operation"),
        text("type", 40, "record"),
        boolean("active", "true"),
        boolean("admin_overrides"),
    ),
    table(
        "sys_security_acl_role",
        "sys_id",
        reference("sys_security_acl", "sys_security_acl"),
        reference("sys_user_role", "sys_user_role"),
    ),
    table("sys_script", "name", text("name"), text("collection", 80), text("when"), boolean("active", "true")),
    table("sys_script_include", "name", text("name"), text("api_name", 80), boolean("active", "true")),
    table(
        "sys_ui_action",
        "name",
        text("name"),
        text("action_name"),
        text("table", 80),
        boolean("active", "true"),
    ),
    table("sys_rest_message", "name", text("name"), text("rest_endpoint", 1024)),
    table("sys_remote_update_set", "name", text("name", 80), text("state")),
    table("sys_properties", "name", text("name", 100), text("value", 4000)),
    table("sys_alias", "name", text("name", 100), text("type", 40, "connection")),
    table(
        "discovery_credentials",
        "name",
        text("name", 100),
        text("type"),
        text("sys_class_name", 80, "discovery_credentials"),
        text("user_name", 100),
        reference("tag", "sys_alias"),
        boolean("active", "true"),
        Field("password", "secret", 255),
    ),
)
