"""The client of ServiceNow's Table API, and what text needs to be safe and short enough there."""
