"""Stand-in for a Proxmox VE cluster: its REST interface, its guest agents, and pct and qm. No part of Proxmox VE."""
