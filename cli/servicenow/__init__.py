"""`access-bridge servicenow …`: the records of a ServiceNow instance that the application's update set can't bring."""
