"""Access to this machine: files, host name, user name."""
