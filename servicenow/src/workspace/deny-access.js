/*
 * Workspace client script of the UI action Deny access
 * Runs in the browser, in configurable workspaces alone, where notes are not written on the form.
 *
 * Asks for the reason, and hands it to the action's server script where a form would have it: in Work notes.
 */
function onClick(g_form) {
    g_modal.showFields({
        title: 'Deny access',
        fields: [{ type: 'textarea', name: 'reason', label: 'Why', mandatory: true }],
        size: 'md'
    }).then(function (answer) {
        g_form.setValue('work_notes', answer.updatedFields[0].value);
        g_form.submit('x_acbr_bridge_deny_workspace');
    });
}
