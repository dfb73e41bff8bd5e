"""Facts of this machine: its files, its name, its user."""
