"""The copy of this plugin in a project: made, replaced by a newer one, removed."""
