"""The frameworks that models and tables are of, with the real packages: `make frameworks`."""
