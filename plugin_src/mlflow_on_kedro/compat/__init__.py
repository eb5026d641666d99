"""Names that other plugins have, for those who come from them."""
