"""The operator's command line, `access-bridge`. It runs with the operator's own AWS credentials and never on Lambda."""
