"""Access Bridge: Teleport access requests as ServiceNow incidents, and decisions on them carried back to Teleport."""
