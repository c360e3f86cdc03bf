"""The lab: real neighbours of the product, started on loopback for tests and demonstrations."""
