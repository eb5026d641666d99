"""Names of other plugins, for projects that used them before."""
