"""What tests/bench/bench is made of."""
