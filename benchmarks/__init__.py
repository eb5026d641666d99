"""What tracking costs, beside plain Kedro and other plugins, measured in whole processes."""
