"""Stand-ins of what products answer to health checks: recorded contracts, no part of any of those products."""
