"""The lab's cluster: its certificates, objects, contracts, and what tests and benchmarks do with it."""
