"""A stand-in for a ServiceNow instance: Table API, users, access controls, state model, and the shipped scripts."""
