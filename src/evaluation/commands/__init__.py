"""One function a command: parse, call, print."""
