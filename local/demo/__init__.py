"""The demo: requests walked through their lives, told as a person would see it on both sides."""
