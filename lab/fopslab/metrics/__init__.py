"""What stands around the lab's Prometheus: an exporter of known values, and a stand-in of Mimir's front."""
