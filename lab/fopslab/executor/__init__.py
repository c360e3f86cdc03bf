"""The executor: a small HTTPS service with the routes that a client must cope with, good and bad."""
