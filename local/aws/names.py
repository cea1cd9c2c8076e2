"""The account and region that everything local lives in."""

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
