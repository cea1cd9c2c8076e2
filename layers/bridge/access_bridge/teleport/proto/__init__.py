"""Teleport's messages, as far as this client uses them: `teleport.proto` and the code that protoc made of it."""
